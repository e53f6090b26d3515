"""Any data as a table for people: nothing is left out, whatever a service tells."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from services.cli.output import Row
from shared.messages import Message
from shared.names import iso

_LIST_AND_KEY = 2
"""Fields of a message that is but a list: that, and perhaps of what."""


def rows(told: Message, time: Callable[[datetime], str] = iso) -> list[Row]:
    """What is but a list, with a row for each; anything else with a row for each field."""
    data = told.model_dump()
    listed = [value for value in data.values() if isinstance(value, tuple)]
    if listed and len(data) <= _LIST_AND_KEY:
        return _columns([cells(row, time) for row in listed[0]])
    return [*cells(data, time).items()]


def cells(data: Mapping[str, Any], time: Callable[[datetime], str] = iso) -> dict[str, str]:
    """All that is in there, by where it stands: `links.private`, `versions.1.build`."""
    return dict(_cells(data, time))


def _columns(table: list[dict[str, str]]) -> list[Row]:
    names = dict.fromkeys(name for row in table for name in row)
    return (
        []
        if not table
        else [tuple(names), *(tuple(row.get(name, "") for name in names) for row in table)]
    )


def _cells(
    data: Mapping[str, Any], time: Callable[[datetime], str], place: str = ""
) -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        match value:
            case Mapping():
                yield from _cells(value, time, f"{place}{name}.")
            case [Mapping(), *_]:
                numbered = {f"{name}.{count}": row for count, row in enumerate(value, 1)}
                yield from _cells(numbered, time, place)
            case list() | tuple():
                yield f"{place}{name}", ",".join(map(str, value))
            case _:
                yield f"{place}{name}", _text(value, time)


def _text(value: Any, time: Callable[[datetime], str]) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return time(value)
        case Enum():
            return str(value.value)
    return str(value)
