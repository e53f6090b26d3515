"""Events that a follower misses are fetched from the service to which they happened."""

from typing import Self

from nats.aio.client import Client
from pydantic import JsonValue
from pydantic_core import from_json, to_json

from shared.messages import Message, Meta
from shared.names import Position
from shared.published import Published
from shared.store import Store

AT_ONCE = 20
_PATIENCE = 2.0
"""Seconds for the answer."""
_MOST = 128 * 1024
"""Bytes of events in one answer; one event alone may have more."""


def subject(service: str) -> str:
    """Where a service is asked for events of its own."""
    return f"log.{service}"


class Missing(Message):
    """Asks for the events of an aggregate after a version."""

    aggregate: str
    after: int

    @classmethod
    def at(cls, position: Position) -> Self:
        """Asks for the event there, and for those after it."""
        return cls(aggregate=position.aggregate, after=position.version - 1)


class StoredEvent(Message):
    """An event as its service has it stored."""

    type: str
    version: int
    meta: Meta
    data: dict[str, JsonValue]


class Found(Message):
    """The next of these events in order, not necessarily all."""

    log_id: str
    events: tuple[StoredEvent, ...]

    def published(self, service: str, aggregate: str) -> list[Published]:
        """As they would have come from the stream."""
        return [
            Published(
                event.type,
                Position(service, aggregate, event.version),
                event.meta,
                0,
                self.log_id,
                to_json(event.data),
            )
            for event in self.events
        ]


async def ask(client: Client, service: str, missing: Missing) -> Found:
    """What a service tells of it.

    Raises nats.errors.Error when it doesn't answer, and ValueError when it can't tell.
    """
    body = missing.model_dump_json().encode()
    answer = await client.request(subject(service), body, _PATIENCE)
    return Found.model_validate_json(answer.data)


def find(store: Store, missing: Missing) -> Found:
    """What the store has of it; copies of others' facts are told to nobody."""
    found: list[StoredEvent] = []
    size = 0
    for row in store.recorder.select_events(missing.aggregate, gt=missing.after, limit=AT_ONCE):
        record = store.mapper.to_domain_event(row)
        size += len(row.state)
        if not record.event.PUBLISHED or (found and size > _MOST):
            break
        found.append(
            StoredEvent(
                type=record.event.TOPIC,
                version=record.originator_version,
                meta=record.meta,
                data=from_json(record.event.model_dump_json()),
            )
        )
    return Found(log_id=store.log_id, events=tuple(found))
