"""`guestlist check` gives the verdict on a descriptor, from a file and from a URL."""

import json
from pathlib import Path

import pytest

from tests.clients.command import guestlist
from tests.clients.sample_app import PAID, sample_app

GOOD = PAID | {"baseUrl": "https://app.example.com"}
BAD = GOOD | {"key": "a b", "scopes": ["account"]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file for a descriptor."""
    return tmp_path / "atlassian-connect.json"


def write(file: Path, text: str) -> None:
    """Put a descriptor there."""
    file.write_text(text)


async def test_a_good_descriptor_can_be_listed(file: Path) -> None:
    write(file, json.dumps(GOOD))
    told = await guestlist("check", file)
    assert (told.code, told.err) == (0, "")
    assert told.out == f"{file}: com.example.roadmap can be listed\n"
    as_json = json.loads((await guestlist("check", file, "--json")).out)
    assert as_json["accepted"] is True


async def test_all_that_is_wrong_is_told_with_what_to_do(file: Path) -> None:
    write(file, json.dumps(BAD))
    told = await guestlist("check", file)
    assert (told.code, told.err) == (1, "")
    lines = told.out.splitlines()
    assert [line.partition(": ")[0] for line in lines[::2]] == [
        "descriptor-key-invalid /key",
        "descriptor-scope-unknown /scopes/0",
    ]
    assert all(line.startswith("  hint: ") for line in lines[1::2])
    as_json = await guestlist("check", file, "--json")
    verdict = json.loads(as_json.out)
    assert (as_json.code, verdict["accepted"]) == (1, False)
    assert [problem["path"] for problem in verdict["problems"]] == ["/key", "/scopes/0"]


async def test_a_url_is_fetched_as_the_service_would() -> None:
    with sample_app() as app:
        local = await guestlist("check", app.url, "--development")
        guarded = await guestlist("check", app.url)
    assert (local.code, guarded.code) == (0, 1)
    assert guarded.out.startswith("descriptor-not-found /: ")


async def test_a_file_of_more_than_64_kib_is_too_large(file: Path) -> None:
    text = json.dumps(GOOD)
    write(file, text.ljust(65536))
    assert (await guestlist("check", file)).code == 0
    write(file, text.ljust(65537))
    told = await guestlist("check", file)
    assert (told.code, told.out.partition(" ")[0]) == (1, "descriptor-too-large")


async def test_a_file_that_is_not_there_is_wrong_use(file: Path) -> None:
    told = await guestlist("check", file)
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith(f"no-such-file: {file}: ")
