"""The event store of one service: the truth. Used from one thread only."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from eventsourcing.persistence import (
    IntegrityError,
    PersistenceError,
    StoredEvent,
)

from shared.aggregate import Aggregate
from shared.command_log import CommandRow
from shared.dead_letters import Letter
from shared.errors import BadRequest
from shared.messages import Meta
from shared.names import Advance, iso
from shared.records import CHAIN_START, Record, RecordMapper, Stored, digest

MAX_STATE = 200 * 1024
"""Bytes of one stored event; a message on the bus may have 256 KiB with its headers."""
_COPIES = 4096
_PRUNED_AT_ONCE = 1000

A = TypeVar("A", bound=Aggregate)


class Recorder(Protocol):
    """A recorder of the library that also takes our rows in the same commit."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None: ...
    def reading(self) -> AbstractContextManager[None]: ...
    def turn(self) -> AbstractContextManager[None]: ...
    def select_labelled(self, label: str) -> Sequence[str]: ...
    def select_events(
        self, originator_id: str, *, gt: int | None = None, limit: int | None = None
    ) -> Sequence[StoredEvent]: ...
    def select_newer(self, versions: Mapping[str, int], limit: int = -1) -> Sequence[Stored]: ...
    def select_log(self, after: int, limit: int) -> Sequence[Stored]: ...
    def select_at(self, places: Sequence[tuple[str, int]]) -> Sequence[Stored]: ...
    def select_histories(self, after: tuple[str, int], limit: int) -> Sequence[Stored]: ...
    def max_notification_id(self) -> int | None: ...
    def select_commands(self, command_ids: Sequence[str]) -> Sequence[CommandRow]: ...
    def select_decided(self, number: int, limit: int) -> Sequence[tuple[int, CommandRow]]: ...
    def select_refused(self, number: int, limit: int) -> Sequence[tuple[int, CommandRow]]: ...
    def max_command_number(self) -> int: ...
    def prune_commands(self, before: str, up_to: int, limit: int) -> int: ...
    def select_seen(self, origin: str, aggregates: Sequence[str]) -> Mapping[str, int]: ...
    def select_tracking(
        self, after: tuple[str, str], limit: int
    ) -> Sequence[tuple[str, str, int]]: ...
    def select_labels(self, after: tuple[str, str], limit: int) -> Sequence[tuple[str, str]]: ...
    def insert_letter(self, letter: Letter, *, behind: bool) -> bool: ...
    def select_letters(self) -> Sequence[Letter]: ...
    def count_letters(self) -> int: ...
    def select_blocked(self, consumer: str, aggregates: Sequence[str]) -> set[str]: ...
    def settle_letter(self, number: int, how: str, actor: str, time: str) -> None: ...
    def update_letter(self, number: int, reason: str) -> None: ...
    def select_log_id(self) -> str: ...
    def check_writable(self) -> None: ...


def store_fails(error: Exception) -> bool:
    """Whether that says that the store doesn't work, and not that another writer was first."""
    return isinstance(error, PersistenceError) and not isinstance(error, IntegrityError)


@dataclass
class Draft:
    """What is about to be committed: what some aggregates recorded, in order."""

    aggregates: list[Aggregate] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    stored: list[StoredEvent] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    labels: dict[str, frozenset[str]] = field(default_factory=dict)

    def __contains__(self, aggregate: Aggregate) -> bool:
        return aggregate.id in self.heads


class Store:
    """Loads aggregates from their history and commits what they recorded.

    Working copies are kept and brought up to date by what others stored meanwhile.
    """

    def __init__(self, service: str, recorder: Recorder) -> None:
        self.service = service
        self.recorder = recorder
        self.mapper = RecordMapper()
        self.log_id = recorder.select_log_id()
        self._copies: OrderedDict[str, Aggregate] = OrderedDict()
        self._heads: dict[str, str] = {}
        self._fresh: set[str] | None = None
        """The copies that needn't be read again, while many commands are decided at once."""

    def load(self, kind: type[A], key: str) -> A:
        """The aggregate as its whole history left it; version 0 when it has none."""
        copy = self._copy(kind, key)
        if self._fresh is None or copy.id not in self._fresh:
            self._catch_up(self.recorder.select_newer({copy.id: copy.version}))
        if self._fresh is not None:
            self._fresh.add(copy.id)
        return copy

    @contextmanager
    def reading(self, wanted: Iterable[tuple[type[Aggregate], str]] = ()) -> Iterator[None]:
        """Within this all is read of one moment, and what is wanted all at once now."""
        with self.recorder.reading():
            copies = [self._copy(kind, key) for kind, key in wanted]
            if copies:
                newer = self.recorder.select_newer({copy.id: copy.version for copy in copies})
                self._catch_up(newer)
            self._fresh = {copy.id for copy in copies}
            try:
                yield
            finally:
                self._fresh = None

    def turn(self) -> AbstractContextManager[None]:
        """Within this no other process decides: to read, decide and commit without a conflict."""
        return self.recorder.turn()

    def _copy(self, kind: type[A], key: str) -> A:
        """The copy as it is kept, or one without history."""
        aggregate_id = kind.id_of(key)
        copy = self._copies.get(aggregate_id)
        if not isinstance(copy, kind):
            self._copies[aggregate_id] = copy = kind(key)
        self._copies.move_to_end(aggregate_id)
        if len(self._copies) > _COPIES:
            oldest, _ = self._copies.popitem(last=False)
            self._heads.pop(oldest, None)
        return copy

    def _catch_up(self, newer: Iterable[Stored]) -> None:
        """Let copies take over what was stored meanwhile."""
        for aggregate_id, history in groupby(newer, attrgetter("originator_id")):
            copy = self._copies[aggregate_id]
            for stored in history:
                copy.replay(self.mapper.to_event(stored))
            self._heads[aggregate_id] = digest(stored)

    def labelled(self, kind: type[A], label: str) -> list[A]:
        """The aggregates of a kind that carry a label, in the order of their ids."""
        prefix = kind.id_of("")
        found = self.recorder.select_labelled(label)
        return [
            self.load(kind, id_.removeprefix(prefix)) for id_ in found if id_.startswith(prefix)
        ]

    def draft(
        self, aggregates: Sequence[Aggregate], meta: Meta, *, onto: Draft | None = None
    ) -> Draft:
        """Put what the aggregates have pending onto a draft, a new one unless it is given.

        Raises BadRequest when an event is too large to publish; that aggregate's stay pending.
        """
        draft = Draft() if onto is None else onto
        for aggregate in aggregates:
            if aggregate.pending:
                self._put(aggregate, meta, draft)
        return draft

    def _put(self, aggregate: Aggregate, meta: Meta, draft: Draft) -> None:
        prev = draft.heads.get(aggregate.id, self._heads.get(aggregate.id, CHAIN_START))
        first = aggregate.version - len(aggregate.pending) + 1
        records, rows = [], []
        for version, event in enumerate(aggregate.pending, first):
            record = Record(aggregate.id, version, event, meta, prev)
            stored = self.mapper.to_stored_event(record)
            if len(stored.state) > MAX_STATE:
                raise BadRequest(reason=f"the event would have more than {MAX_STATE} bytes")
            prev = digest(stored)
            records.append(record)
            rows.append(stored)
        if aggregate not in draft:
            draft.aggregates.append(aggregate)
        draft.records += records
        draft.stored += rows
        draft.heads[aggregate.id] = prev
        if type(aggregate).labels is not Aggregate.labels:
            draft.labels[aggregate.id] = aggregate.labels()
        aggregate.pending.clear()

    def commit(
        self, draft: Draft, *, commands: Sequence[CommandRow] = (), seen: Sequence[Advance] = ()
    ) -> None:
        """Store events, commands and tracking together or not at all.

        Raises the library's IntegrityError when another writer was first. The copies of a
        failed draft are forgotten.
        """
        try:
            self.recorder.insert_events(
                draft.stored, labels=draft.labels, commands=commands, seen=seen
            )
        except BaseException:
            self.forget(draft.aggregates)
            raise
        self._heads.update(draft.heads)

    def forget(self, aggregates: Sequence[Aggregate]) -> None:
        """Drop the working copies of aggregates whose pending events won't be stored."""
        for aggregate in aggregates:
            self._copies.pop(aggregate.id, None)
            self._heads.pop(aggregate.id, None)
            if self._fresh is not None:
                self._fresh.discard(aggregate.id)

    def decided(self, command_ids: Sequence[str]) -> dict[str, CommandRow]:
        """The rows of those commands that were decided before, by their ids."""
        return {row.command_id: row for row in self.recorder.select_commands(command_ids)}

    def refused_after(self, number: int, limit: int) -> Sequence[tuple[int, CommandRow]]:
        """The next refused commands by their numbers in the command log, in order."""
        return self.recorder.select_refused(number, limit)

    def commands_end(self) -> int:
        """The number of the last decided command, one that was pruned too; 0 for none."""
        return self.recorder.max_command_number()

    def prune(self, before: datetime, *, up_to: int) -> int:
        """Drop commands that were decided before that time, of the oldest 1,000 up to a number.

        Gives how many it dropped. Under the id of one of these another command may be sent. The
        last one stays: since when all are known can be told by it.
        """
        up_to = min(up_to, self.commands_end() - 1)
        return self.recorder.prune_commands(iso(before), up_to, _PRUNED_AT_ONCE)

    def seen(self, origin: str, aggregates: Sequence[str]) -> Mapping[str, int]:
        """The versions up to which aggregates of another service were handled here, if any."""
        return self.recorder.select_seen(origin, aggregates)

    def log_after(self, position: int, limit: int) -> Sequence[Stored]:
        """The next rows of this service's log, in order."""
        return self.recorder.select_log(position, limit)

    def log_end(self) -> int:
        """The position of the last row in the log; 0 when it is empty."""
        return self.recorder.max_notification_id() or 0
