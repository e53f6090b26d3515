"""Records: events as they are stored, each chained to the one before it in its aggregate."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from shared.messages import Event, EventRef, Meta
from shared.names import Position

E = TypeVar("E", bound=Event)
CHAIN_START = ""
"""What stands as `prev` in the first record of an aggregate."""


class UnknownTopic(Exception):
    """A stored topic is not in the closed table; it is never imported."""


class Stored(NamedTuple):
    """An event as it was read: what the library's class holds, made in a quarter of the time."""

    id: int
    """Place in the log of its service."""
    originator_id: str
    originator_version: int
    topic: str
    state: bytes


@dataclass(frozen=True)
class Record:
    """An event at its place: the library's event protocol around a pure event."""

    originator_id: str
    originator_version: int
    event: Event
    meta: Meta
    prev: str
    """SHA-256 of the aggregate's previous stored record, see `digest`."""

    def position(self, service: str) -> Position:
        """Where this record stands; the text of it is the event's id."""
        return Position(service, self.originator_id, self.originator_version)

    def ref(self, service: str) -> EventRef:
        """The event as a reply names it."""
        return EventRef(
            type=type(self.event).__name__,
            id=str(self.position(service)),
            aggregate=self.originator_id,
            version=self.originator_version,
        )


class _State(TypedDict, Generic[E]):
    """What of a stored state a copy needs; the rest is passed over."""

    event: E


class _Whole(_State[E], Generic[E]):
    """All of a stored state."""

    meta: Meta
    prev: str


@cache
def _copies_reader(topic: str) -> Callable[[bytes], _State[Event]]:
    """Reads the event of a state, without the adapter in between, a third of the time."""
    kind = kind_of(topic)
    return TypeAdapter(_State[kind]).validator.validate_json  # type: ignore[valid-type]


@cache
def _whole_reader(topic: str) -> TypeAdapter[_Whole[Event]]:
    kind = kind_of(topic)
    return TypeAdapter(_Whole[kind])  # type: ignore[valid-type]  # made for the kind


def kind_of(topic: str) -> type[Event]:
    """The kind of event that is stored under a topic; raises UnknownTopic."""
    try:
        return Event.TABLE[topic]
    except KeyError:
        raise UnknownTopic(topic) from None


class RecordMapper(Mapper[str]):
    """Turns records into stored rows and back, by permanent topics only."""

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The row of a record. The state is `{"event": …, "meta": …, "prev": …}`."""
        record: Record = domain_event
        parts = (
            f'"event":{record.event.model_dump_json()}',
            f'"meta":{record.meta.model_dump_json()}',
            f'"prev":"{record.prev}"',
        )
        state = f"{{{','.join(parts)}}}"
        return StoredEvent(
            record.originator_id, record.originator_version, record.event.TOPIC, state.encode()
        )

    def to_event(self, stored_event: StoredEvent | Stored) -> Event:
        """Only the event of a row, read at once from its bytes; raises as `to_domain_event`."""
        return _copies_reader(stored_event.topic)(stored_event.state)["event"]

    def to_domain_event(self, stored_event: StoredEvent | Stored) -> Any:
        """The record of a row; raises UnknownTopic, or ValidationError when it is damaged."""
        reader = _whole_reader(stored_event.topic)
        state = reader.validate_json(stored_event.state)
        return Record(
            str(stored_event.originator_id),
            stored_event.originator_version,
            state["event"],
            state["meta"],
            state["prev"],
        )


def digest(stored: StoredEvent | Stored) -> str:
    """What the next record of the aggregate carries as `prev`.

    It covers the stored bytes as they are, so a later reading of old events by new code
    changes no chain. Ids and topics have no character that JSON would write otherwise.
    """
    place = f'["{stored.originator_id}", {stored.originator_version}, "{stored.topic}"]\n'
    return hashlib.sha256(place.encode() + stored.state).hexdigest()
