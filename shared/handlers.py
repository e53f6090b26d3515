"""Handlers: which method decides a command or answers a query, and what it may look at."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, get_args, get_type_hints

from pydantic import JsonValue, TypeAdapter

from shared.aggregate import Aggregate
from shared.errors import Refusal
from shared.messages import Message, Refused, Request
from shared.store import A

T = TypeVar("T", bound=Message)


@dataclass(frozen=True)
class Need(Generic[T]):
    """Something that takes time and must be had before a command can be decided."""


class Needed(Exception):
    """Stops a handler that lacks what it needs; it runs again once that is there."""

    def __init__(self, need: Need[Any]) -> None:
        super().__init__(type(need).__name__)
        self.need = need


Prepared = Message | Refusal
"""What a need turned out to be."""


class Reader(Protocol):
    """What a handler may be given to read: the store, or how it was."""

    def load(self, kind: type[A], key: str) -> A:
        """An aggregate."""

    def labelled(self, kind: type[A], label: str) -> list[A]:
        """The aggregates that carry a label."""


@dataclass(frozen=True)
class Context:
    """What a handler may look at beside its command and its aggregate."""

    actor: str
    request_id: str
    now: datetime
    store: Reader
    prepared: Prepared | None = None

    def read(self, kind: type[A], key: str) -> A:
        """One more aggregate of the own service, to look at only."""
        return self.store.load(kind, key)

    def labelled(self, kind: type[A], label: str) -> list[A]:
        """The aggregates of the own service that carry a label, to look at only."""
        return self.store.labelled(kind, label)

    def need(self, need: Need[T]) -> T:
        """What `need` turned out to be; raises the refusal that it ended in.

        Call it before anything is recorded and after every check that can go before it: the
        handler is stopped here and run again, and what was refused before costs nothing.
        """
        if self.prepared is None:
            raise Needed(need)
        if isinstance(self.prepared, Refusal):
            raise self.prepared
        return self.prepared  # type: ignore[return-value]  # prepared for this very need


@dataclass(frozen=True)
class Route:
    """A kind of request, the kind of aggregate it is about, and the method for it."""

    request: type[Request]
    aggregate: type[Aggregate]
    handle: Callable[[Any, Any, Context], Message | None]


def routes(handlers: object) -> dict[str, Route]:
    """The public methods `(request, aggregate, context)` of an object, by request name."""
    table = {}
    for name, method in inspect.getmembers(handlers, inspect.ismethod):
        if name.startswith("_"):
            continue
        hints = get_type_hints(method)
        request, aggregate = list(hints.values())[:2]
        table[request.__name__] = Route(request, aggregate, method)
    return table


def prepared_json(prepared: Prepared | None) -> JsonValue:
    """What a need turned out to be, for the command log."""
    match prepared:
        case None:
            return None
        case Refusal():
            refused = prepared.reply(command_id="")
            return {"refused": TypeAdapter(Refused).dump_python(refused, mode="json")}
        case _:
            return {"value": prepared.model_dump(mode="json")}


def prepared_again(need: Need[Any], kept: JsonValue) -> Prepared:
    """What a need turned out to be, from the command log; raises ValueError when it isn't that."""
    match kept:
        case {"refused": refused}:
            return Refusal.passed_on(Refused.model_validate(refused))
        case {"value": value}:
            (kind,) = get_args(type(need).__orig_bases__[0])  # type: ignore[attr-defined]  # Need[kind]
            message: Message = kind.model_validate(value, strict=False)
            return message
    raise ValueError(f"nothing is kept for {type(need).__name__}")
