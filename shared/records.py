"""Records: events as they are stored, each chained to the one before it in its aggregate."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from pydantic_core import from_json

from shared.messages import Event, EventRef, Meta
from shared.names import Position

CHAIN_START = ""
"""What stands as `prev` in the first record of an aggregate."""


class UnknownTopic(Exception):
    """A stored topic is not in the closed table; it is never imported."""


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

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The record of a row; raises UnknownTopic, or ValidationError when it is damaged."""
        try:
            event_class = Event.TABLE[stored_event.topic]
        except KeyError:
            raise UnknownTopic(stored_event.topic) from None
        state = from_json(stored_event.state)
        return Record(
            str(stored_event.originator_id),
            stored_event.originator_version,
            event_class.model_validate(state["event"]),
            Meta.model_validate(state["meta"]),
            state["prev"],
        )


def digest(stored: StoredEvent) -> str:
    """What the next record of the aggregate carries as `prev`.

    It covers the stored bytes as they are, so a later reading of old events by new code
    changes no chain.
    """
    place = [str(stored.originator_id), stored.originator_version, stored.topic]
    return hashlib.sha256(json.dumps(place).encode() + b"\n" + stored.state).hexdigest()
