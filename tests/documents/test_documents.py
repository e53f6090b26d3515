"""The documents are as the code says, and each example in them is true."""

import json
import re
from pathlib import Path

import pytest

from services.documents.asyncapi import document
from services.documents.examples import FIELDS, example, gives
from services.documents.pages import files
from shared.messages import Command, Event, Message, Query

DOCS = Path(__file__).parents[2] / "docs"
FILES = files()
PAGES = sorted(DOCS.rglob("*.md"))
ASKED = [*Command.TABLE.values(), *Query.TABLE.values()]
MESSAGES: list[type[Message]] = [
    *ASKED,
    *Event.TABLE.values(),
    *{kind: None for kind in map(gives, ASKED) if kind is not None},
]


@pytest.mark.parametrize("name", FILES)
def test_a_document_is_current(name: str) -> None:
    assert (DOCS / name).read_text() == FILES[name], "write it anew: guestlist docs"


def test_nothing_else_is_in_the_folder_of_messages() -> None:
    written = {f"messages/{path.name}" for path in (DOCS / "messages").iterdir()}
    assert written == {name for name in FILES if name.startswith("messages/")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, _, anchor in (
        link.partition("#") for link in re.findall(r"\]\(([^)]+)\)", page.read_text())
    ):
        target = page.parent / path if path else page
        assert target.exists(), path
        if anchor:
            assert f"\n### {anchor}\n" in target.read_text().lower(), anchor


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_an_example_is_a_message(kind: type[Message]) -> None:
    kind.model_validate_json(json.dumps(example(kind)))


def test_each_example_of_a_field_is_used() -> None:
    told = json.dumps(document())
    for name, value in FIELDS.items():
        assert f"{json.dumps(name.rpartition('.')[2])}: {json.dumps(value)}" in told, name


def test_each_message_and_code_has_its_place_on_a_page() -> None:
    pages = "".join(text for name, text in FILES.items() if name.endswith(".md"))
    for kind in MESSAGES:
        published = not issubclass(kind, Event) or kind.PUBLISHED
        assert (f"\n### {kind.__name__}\n" in pages) == published
