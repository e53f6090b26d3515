"""The catalogue has every code."""

import ast
from pathlib import Path

import pytest

from services.cli.codes import catalogue
from services.cli.stop import CODES
from services.cli.told import Entry
from services.gateway.codes import CODES as OVER_HTTP
from shared.errors import Failure, Refusal
from shared.messages import Command, Query

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.code)
def test_a_code_tells_its_rule_and_what_to_do(entry: Entry) -> None:
    assert entry.rule.endswith(".")
    assert entry.hint or entry.kind == "command line"
    names = {name for _, name in (*Command.TABLE, *Query.TABLE)} | {None}
    assert entry.next in names


def test_the_command_line_has_no_other_codes() -> None:
    used = set()
    for path in (ROOT / "services/cli").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="Stop"), args=[_, ast.Constant(value=code), *_]):
                    used.add(code)
    assert used - {"bad-request"} == set(CODES)


def test_http_has_no_other_codes() -> None:
    used = set()
    for path in (ROOT / "services/gateway").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="only_here"), args=[ast.Constant(value=code), *_]):
                    used.add(code)
    by_library = {"unknown-route", "too-large"}
    assert used | by_library == set(OVER_HTTP)
    assert not set(OVER_HTTP) & (set(CODES) | set(Refusal.TABLE) | set(Failure.TABLE))
