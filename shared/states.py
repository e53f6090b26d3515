"""States of aggregates as data, and how one differs from another."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel, JsonValue

from shared.aggregate import Aggregate
from shared.messages import Message
from shared.names import iso

_ASIDE = {"key", "version", "pending"}
"""What an aggregate has beside its state."""


class Change(Message):
    """A difference between two states: an operation of JSON Patch (RFC 6902) with both ends."""

    op: Literal["add", "remove", "replace"]
    path: str
    """Where, as a JSON Pointer (RFC 6901)."""
    before: JsonValue = None
    after: JsonValue = None


def state_of(aggregate: Aggregate) -> dict[str, JsonValue]:
    """What its history left of an aggregate."""
    return {name: _plain(value) for name, value in vars(aggregate).items() if name not in _ASIDE}


def changes(before: JsonValue, after: JsonValue, path: str = "") -> Iterator[Change]:
    """What has to be done to one value to get the other; lists are replaced whole."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if before != after or type(before) is not type(after):  # as 1 and True are equal
            yield Change(op="replace", path=path, before=before, after=after)
        return
    for name in before | after:
        place = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in after:
            yield Change(op="remove", path=place, before=before[name])
        elif name not in before:
            yield Change(op="add", path=place, after=after[name])
        else:
            yield from changes(before[name], after[name], place)


def _plain(value: Any) -> JsonValue:
    """A value of a state as JSON has it; sets become sorted lists, functions are left out."""
    match value:
        case Enum():
            return _plain(value.value)
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return iso(value)
        case BaseModel():
            return _named({name: getattr(value, name) for name in type(value).model_fields})
        case tuple() if hasattr(value, "_asdict"):
            return _named(value._asdict())
        case Mapping():
            return _named(value)
        case Set():
            return sorted(map(_plain, value), key=repr)
        case list() | tuple():
            return [_plain(item) for item in value]
        case _ if is_dataclass(value):
            return _named(
                {row.name: getattr(value, row.name) for row in fields(value) if row.compare}
            )
    raise TypeError(f"{type(value).__name__} is no part of a state")


def _named(values: Mapping[Any, Any]) -> dict[str, JsonValue]:
    return {str(name): _plain(value) for name, value in values.items()}
