"""What the README shows is what happens."""

import re
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from services.supervisor import Supervisor
from tests.clients.command import on_terminal

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
WHAT_A_TEST_DOES_ITSELF = {"make demo", ". .venv/bin/activate"}


class Shown(NamedTuple):
    """A command in a block, and what it prints there."""

    command: str
    output: str


def shown() -> list[Shown]:
    """All commands of the README in order."""
    consoles = "".join(text for kind, text in BLOCKS if kind == "console")
    parts = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", consoles, re.MULTILINE)
    return [Shown(*part) for part in parts]


def pattern(output: str) -> re.Pattern[str]:
    """What is shown, where … stands for anything, and columns are as wide as that."""
    escaped = re.escape(output).replace("…", ".*")
    return re.compile(re.sub(r"(?:\\ ){2,}", r"\\ +", escaped), re.DOTALL)


def test_every_block_is_looked_at() -> None:
    assert {kind for kind, _ in BLOCKS} == {"text", "console"}
    assert {row.command.partition(" ")[0] for row in shown()} == {"make", ".", "guestlist"}
    assert len(README.splitlines()) <= 120


async def test_the_demo_prints_what_is_shown() -> None:
    printed = (await on_terminal(program=(sys.executable, "-m", "tests.demo"))).out
    (table,) = (row.output for row in shown() if row.command == "make demo")
    assert pattern(table).fullmatch(printed), printed
    story = "".join(text for kind, text in BLOCKS if kind == "text")
    for line in story.splitlines():
        assert any(map(pattern(line).fullmatch, printed.splitlines())), line


async def test_the_commands_print_what_is_shown(house: Supervisor) -> None:
    for command, output in shown():
        if command in WHAT_A_TEST_DOES_ITSELF:
            assert not output or command == "make demo"
            continue
        _, *typed = shlex.split(command)
        ended = await on_terminal(*typed, "--data", house.data)
        assert pattern(output).fullmatch(ended.out), (command, ended)


@pytest.mark.parametrize(
    "path", re.findall(r"`((?:tests|services|shared|deploy)[\w/.-]*)`", README)
)
def test_every_place_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)]+)\)", README))
def test_every_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).exists()
