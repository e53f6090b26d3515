"""What a shell offers to complete: names from the contract, and keys that this folder has seen."""

import json
from collections.abc import Iterable
from pathlib import Path

import typer

from shared.names import Position

_KINDS = {
    "app_key": {"listing", "tokens"},
    "partner_id": {"partner"},
    "site_id": {"site"},
}
"""By field: the kinds of aggregates whose ids it takes."""


def commands(incomplete: str) -> list[str]:
    """Names of commands."""
    from shared.messages import Command

    return _names(Command.TABLE, incomplete)


def queries(incomplete: str) -> list[str]:
    """Names of queries."""
    from shared.messages import Query

    return _names(Query.TABLE, incomplete)


def events(incomplete: str) -> list[str]:
    """Names of events."""
    from shared.messages import Event

    published = (topic for topic, event in Event.TABLE.items() if event.PUBLISHED)
    return _names([("", topic.partition(".")[2]) for topic in published], incomplete)


def codes(incomplete: str) -> list[str]:
    """Codes."""
    from services.cli.codes import catalogue

    return [code for code in catalogue() if code.startswith(incomplete)]


def fields(context: typer.Context, incomplete: str) -> list[str]:
    """`FIELD=` of the command or query, and `FIELD=VALUE` where this folder has seen values."""
    from shared.messages import Command, Query

    name, equals, value = incomplete.partition("=")
    typed = list(context.params.get("fields") or ())
    before = f"{name}="
    if not name or typed[-1:] == ["="]:  # bash takes an = for a word of its own
        name, equals, before = (typed[-2:] if equals == "" else typed[-1:])[0], "=", ""
        value = value if incomplete.startswith("=") else incomplete
    if equals:
        return [f"{before}{id_}" for id_ in _ids(context, name) if id_.startswith(value)]
    asked = context.params.get("command") or context.params.get("name")
    kinds = [*Command.TABLE.values(), *Query.TABLE.values()]
    return [
        f"{field}="
        for kind in kinds
        if kind.__name__ == asked
        for field in kind.model_fields
        if field.startswith(name) and not any(text.startswith(f"{field}=") for text in typed)
    ]


def aggregates(context: typer.Context, incomplete: str) -> list[str]:
    """Aggregates, as `history` takes them."""
    known = {f"{position.service}/{position.aggregate}" for position in _seen(context)}
    return sorted(place for place in known if place.startswith(incomplete))


def _names(table: Iterable[tuple[str, str]], incomplete: str) -> list[str]:
    return [name for _, name in table if name.lower().startswith(incomplete.lower())]


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
