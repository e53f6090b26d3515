"""A store beside the audit stream: the same events in the same order."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from pydantic import ValidationError

from services.history.stores import log, told
from services.history.verifying.rows import Flaw, read
from shared.published import Published
from shared.store import Store


class Compared(NamedTuple):
    """How a store stands beside the stream."""

    service: str
    messages: int
    """How many the stream has of it."""
    waiting: int
    """Events behind the last one of the stream, which are on their way or were lost there."""
    flaws: list[Flaw]


async def compare(stores: Mapping[str, Store], stream: AsyncIterator[Published]) -> list[Compared]:
    """Compare each store with what the stream has of its service."""
    sides = {service: _Side(store) for service, store in stores.items()}
    async for published in stream:
        side = sides.get(published.position.service)
        if side is not None:
            side.take(published)
    return [side.compared() for side in sides.values()]


class _Side:
    """One service's store, read as far as the stream tells of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows = _published(store, 0)
        self._place = 0
        self._last = 0
        """What the stream told last, by its place in the log."""
        self._messages = 0
        self._flaws: list[Flaw] = []
        self._next = self._advance()

    def take(self, message: Published) -> None:
        """Compare the next message with what the store has there."""
        self._messages += 1
        where = str(message.position)
        if message.sequence <= self._last:
            self._flaws.append(Flaw(where, "it stands in the stream twice, or behind a later one"))
            return
        self._last = message.sequence
        if self._next is None:  # it may have been stored since
            self._rows = _published(self._store, self._place)
            self._next = self._advance()
        while self._next is not None and self._next.sequence < message.sequence:
            self._flaws.append(Flaw(str(self._next.position), "the stream doesn't have it"))
            self._next = self._advance()
        if self._next is None or self._next.sequence > message.sequence:
            self._flaws.append(Flaw(where, "the stream has it, the store doesn't: it was removed"))
            return
        if not _tell_the_same(self._next, message):
            detail = f"the stream has it otherwise than the store has {self._next.position}"
            self._flaws.append(Flaw(where, detail))
        self._next = self._advance()

    def compared(self) -> Compared:
        """How it stands once the stream has ended."""
        waiting = sum(1 for _ in self._rows) + (self._next is not None)
        return Compared(self._store.service, self._messages, waiting, self._flaws)

    def _advance(self) -> Published | None:
        following = next(self._rows, None)
        if following is not None:
            self._place = following.sequence
        return following


def _published(store: Store, after: int) -> Iterator[Published]:
    """What of the log is published; what can't be read is told elsewhere."""
    for row in log(store, after):
        record = read(store, row)
        if record is not None and record.event.PUBLISHED:
            yield told(store, row)


def _tell_the_same(ours: Published, theirs: Published) -> bool:
    """Whether both are one event as it is read today, each written by the code of its day."""
    if replace(ours, body=theirs.body) != theirs:
        return False
    return ours.body == theirs.body or _are_read_alike(ours, theirs)


def _are_read_alike(ours: Published, theirs: Published) -> bool:
    try:
        event = theirs.event()
    except ValidationError:
        return False
    return event is not None and event == ours.event()
