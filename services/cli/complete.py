"""What a shell offers to complete: names from the contract, and keys that this folder has seen."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from services import contract
from services.contract import SERVICES
from shared.dead_letters import VERBS
from shared.messages import Command, Event, Query
from shared.names import Position

_KINDS = {
    "app_key": {"listing", "tokens"},
    "partner_id": {"partner"},
    "site_id": {"site"},
}
"""By field: the kinds of aggregates whose ids it takes."""

ACCOUNT_VERBS = ("list", "add", "remove")


class _Offered(str):
    """Typer drops what doesn't begin with what was typed, were it in other letters or an =."""

    __slots__ = ()

    def startswith(self, *_: Any) -> bool:
        return True


def commands(incomplete: str) -> list[str]:
    """Names of commands."""
    contract.load("commands")
    return _names(Command.TABLE, incomplete)


def queries(incomplete: str) -> list[str]:
    """Names of queries."""
    contract.load("queries")
    return _names(Query.TABLE, incomplete)


def events(incomplete: str) -> list[str]:
    """Names of events."""
    contract.load("events")
    published = (topic for topic, event in Event.TABLE.items() if event.PUBLISHED)
    return _names([("", topic.partition(".")[2]) for topic in published], incomplete)


def codes(incomplete: str) -> list[str]:
    """Codes."""
    from services.cli.codes import catalogue

    return [code for code in catalogue() if code.startswith(incomplete)]


def services(incomplete: str) -> list[str]:
    """Names of services."""
    return [service for service in SERVICES if service.startswith(incomplete)]


def verbs(incomplete: str) -> list[str]:
    """What is done with dead letters."""
    return [verb for verb in VERBS if verb.startswith(incomplete)]


def account_verbs(incomplete: str) -> list[str]:
    """What is done with accounts, and with their keys."""
    return [verb for verb in ACCOUNT_VERBS if verb.startswith(incomplete)]


def scopes(incomplete: str) -> list[str]:
    """What API keys are for."""
    from services.api_keys import SCOPES

    return [_Offered(scope) for scope in SCOPES if scope.startswith(incomplete)]


def roles(incomplete: str) -> list[str]:
    """What accounts are for."""
    from services.api_keys import ROLES

    return [role for role in ROLES if role.startswith(incomplete)]


def fields(context: typer.Context, incomplete: str) -> list[str]:
    """`FIELD=` of the command or query, and `FIELD=VALUE` where this folder has seen values."""
    typed = _joined(context.params.get("fields") or ())
    if typed and "=" not in typed[-1]:
        return [_Offered(id_) for id_ in _ids(context, typed[-1]) if id_.startswith(incomplete)]
    name, equals, value = incomplete.partition("=")
    if equals:
        return [f"{name}={id_}" for id_ in _ids(context, name) if id_.startswith(value)]
    contract.load("commands", "queries")
    asked = context.params.get("command") or context.params.get("name")
    kinds = [*Command.TABLE.values(), *Query.TABLE.values()]
    names = [field for kind in kinds if kind.__name__ == asked for field in kind.model_fields]
    given = {word.partition("=")[0] for word in typed}
    return [f"{field}=" for field in names if field.startswith(name) and field not in given]


def aggregates(context: typer.Context, incomplete: str) -> list[str]:
    """Aggregates, as `history` takes them."""
    known = {f"{position.service}/{position.aggregate}" for position in _seen(context)}
    return sorted(place for place in known if place.startswith(incomplete))


def _joined(words: Iterable[str]) -> list[str]:
    """The words as they were typed: for bash an = is one of its own, and none if it is last."""
    text = "\0".join(words).replace("\0=\0", "=").removesuffix("\0=")
    return text.split("\0") if text else []


def _names(table: Iterable[tuple[str, str]], incomplete: str) -> list[str]:
    folded = incomplete.lower()
    return [_Offered(name) for _, name in table if name.lower().startswith(folded)]


def _ids(context: typer.Context, field: str) -> list[str]:
    """What this folder has seen that can stand in that field."""
    kinds = _KINDS.get(field, set())
    parts = (position.aggregate.partition("/") for position in _seen(context))
    return sorted({id_ for kind, _, id_ in parts if kind in kinds})


def _seen(context: typer.Context) -> list[Position]:
    """The positions that calls on this folder keep."""
    try:
        kept = json.loads((Path(context.params["data"]) / "seen.json").read_text())
        return [Position.parse(text) for row in kept["seen"].values() for text in row]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []
