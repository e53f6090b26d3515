"""What a service has to tell, in order: its events and its refusals. Its logs are the outbox."""

import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from shared import clock, headers
from shared.command_log import CommandRow
from shared.published import Published
from shared.records import Stored, kind_of
from shared.refused import Malformed, RefusedCommand, malformed_attributes, refusal_attributes
from shared.store import Store
from shared.subjects import EVENTS, REFUSALS, Address, event_subject, malformed_subject

_MOST_MALFORMED = 1000
"""Malformed requests that wait to be told; what comes when so many do is dropped."""


class Outgoing(NamedTuple):
    """A message on its way."""

    subject: str
    headers: dict[str, str]
    body: bytes


class Row(NamedTuple):
    """A place in a log, and what is published of it, if anything."""

    place: int
    message: Outgoing | None


class Log(Protocol):
    """A log that goes to a stream. The messages there carry the place and the id of the log."""

    stream: str
    own: str
    """The subjects to which nothing but this log goes."""

    def after(self, place: int, limit: int) -> Sequence[Row]:
        """What comes after a place, in order."""

    def end(self) -> int:
        """The last place; 0 when the log is empty."""


class EventLog:
    """All events of a service; what it only copied from others isn't published."""

    stream = EVENTS

    def __init__(self, store: Store) -> None:
        self._store = store
        self.own = f"evt.{store.service}.>"

    def after(self, place: int, limit: int) -> Sequence[Row]:
        """The next events."""
        return [Row(row.id, self._message(row)) for row in self._store.log_after(place, limit)]

    def end(self) -> int:
        """The place of the last event."""
        return self._store.log_end()

    def _message(self, row: Stored) -> Outgoing | None:
        if not kind_of(row.topic).PUBLISHED:
            return None
        record = self._store.mapper.to_domain_event(row)
        published = Published.of(record, self._store.service, row.id, self._store.log_id)
        return Outgoing(
            event_subject(record.event),
            _once(published.attributes(), f"{published.log_id}:{published.sequence}"),
            published.body,
        )


class RefusalLog:
    """The refused commands of a service, from its command log, and requests that it can't read.

    The latter are in no store, and told at most once.
    """

    stream = REFUSALS

    def __init__(self, store: Store) -> None:
        self._store = store
        self.own = f"ref.{store.service}.>"
        self._unreadable = malformed_subject(store.service)
        self._malformed: deque[Malformed] = deque()
        self.told = 0
        """The stream has every refusal up to this place of the command log."""

    def malformed(self, request: Malformed) -> None:
        """Let it be told that a request couldn't be read."""
        if len(self._malformed) < _MOST_MALFORMED:
            self._malformed.append(request)

    def after(self, place: int, limit: int) -> Sequence[Row]:
        """The next refusals; then what couldn't be read, at the place of the last refusal."""
        refused = self._store.refused_after(place, limit)
        self.told = place if refused else self.end()
        rows = [Row(number, self._refusal(number, row)) for number, row in refused]
        last = rows[-1].place if rows else place
        count = min(limit - len(rows), len(self._malformed))
        unread = [self._unread(last, self._malformed.popleft()) for _ in range(count)]
        return rows + [Row(last, message) for message in unread]

    def end(self) -> int:
        """The place of the last decided command."""
        return self._store.commands_end()

    def _refusal(self, number: int, row: CommandRow) -> Outgoing:
        address = Address("ref", row.service, row.name, row.key, row.actor)
        log_id = self._store.log_id
        told = _once(refusal_attributes(row, number, log_id), f"{log_id}:c{number}")
        return Outgoing(str(address), told, RefusedCommand.of(row).model_dump_json().encode())

    def _unread(self, place: int, request: Malformed) -> Outgoing:
        id_, store = uuid.uuid4().hex, self._store
        attributes = malformed_attributes(store.service, id_, clock.now(), place, store.log_id)
        return Outgoing(
            self._unreadable, _once(attributes, id_), request.model_dump_json().encode()
        )


def _once(attributes: Mapping[str, str], id_: str) -> dict[str, str]:
    """The headers of a message that the stream takes once only."""
    return headers.encode(attributes) | {"Nats-Msg-Id": id_}
