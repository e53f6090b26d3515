"""Each rule, command, query and refusal is shown on its aggregate and through the bus."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_type_hints

import pytest

from services import contract
from services.contract import SERVICES
from services.documents.examples import gives
from shared.errors import Refusal
from shared.messages import Command, Query
from tests.rules import RULES

TESTS = Path(__file__).parent
ALONE = [TESTS / service for service in SERVICES]
"""Where the services are tested without servers."""


@cache
def named(folder: Path) -> frozenset[str]:
    """Every name in the tests of a folder."""
    trees = [ast.parse(path.read_text()) for path in folder.glob("*.py")]
    nodes = (node for tree in trees for node in ast.walk(tree))
    return frozenset(
        node.id if isinstance(node, ast.Name) else node.attr
        for node in nodes
        if isinstance(node, ast.Name | ast.Attribute)
    )


@cache
def marked(folder: Path) -> tuple[re.Pattern[str], ...]:
    """The rules for which there are tests in a folder."""
    return tuple(
        pattern
        for path in folder.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for pattern in _rule(node)
    )


def shown(rule: str, *folders: Path) -> bool:
    """Whether a test in one of the folders is marked with that rule."""
    return any(pattern.fullmatch(rule) for folder in folders for pattern in marked(folder))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_shown_on_its_aggregate(rule: str) -> None:
    assert shown(rule, *ALONE)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_shown_through_the_bus(rule: str) -> None:
    assert shown(rule, TESTS / "flows")


def test_no_other_rules_are_marked() -> None:
    marks = {pattern.pattern for folder in (*ALONE, TESTS / "flows") for pattern in marked(folder)}
    unknown = [mark for mark in marks if not any(re.fullmatch(mark, rule) for rule in RULES)]
    assert unknown == []


def test_what_may_be_asked_is_asked_alone_and_through_the_bus() -> None:
    for service, name in (*Command.TABLE, *Query.TABLE):
        assert name in named(TESTS / service)
        assert name in named(TESTS / "flows")


@pytest.mark.parametrize("service", SERVICES)
def test_a_request_says_what_its_handler_gives(service: str) -> None:
    handlers = importlib.import_module(f"services.{service}.handlers").Handlers
    views = importlib.import_module(f"services.{service}.views").Views
    given = {}
    for kind in (handlers, views):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                request, *_, result = get_type_hints(method).values()
                given[request] = None if result is type(None) else result
    assert given == {request: gives(request) for request in given}
    asked = {*contract.commands(service), *contract.queries(service)}
    assert asked <= set(given)


@pytest.mark.parametrize("service", SERVICES)
def test_each_refusal_of_a_service_is_shown(service: str) -> None:
    module = f"services.{service}.refusals"
    kinds = {kind.__name__ for kind in Refusal.TABLE.values() if kind.__module__ == module}
    assert kinds
    assert kinds - named(TESTS / service) == set()


def _rule(node: ast.AST) -> Iterator[re.Pattern[str]]:
    """The rule in `rule("…")`; in an f-string what is filled in stands for anything."""
    match node:
        case ast.Call(func=ast.Name(id="rule"), args=[ast.Constant(value=str(name))]):
            yield re.compile(re.escape(name))
        case ast.Call(func=ast.Name(id="rule"), args=[ast.JoinedStr(values=parts)]):
            texts = (part.value if isinstance(part, ast.Constant) else None for part in parts)
            yield re.compile(
                "".join(".+" if text is None else re.escape(str(text)) for text in texts)
            )
