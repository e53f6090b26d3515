"""The stores of a data folder, read beside their services or while those are down."""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from eventsourcing.persistence import PersistenceError

from shared.command_log import CommandRow
from shared.errors import Damaged
from shared.names import Position
from shared.published import Published
from shared.records import Record, Stored, UnknownTopic
from shared.settings import store_file
from shared.sqlite import open_sqlite
from shared.store import Store

AT_ONCE = 1000
"""Rows that are read at once: a history may be longer than the memory."""


_LOOKED_FOR = 500
T = TypeVar("T")


class NoStore(Exception):
    """There is no store of that service in the folder."""


def open_store(data: Path, service: str) -> Store:
    """The store of a service, to read only; raises NoStore, Damaged."""
    path = store_file(data, service)
    if not path.is_file():
        raise NoStore(f"there is no store {path}")
    try:
        return Store(service, open_sqlite(path, read_only=True))
    except (PersistenceError, RuntimeError, sqlite3.Error) as error:
        raise Damaged(f"{path} can't be read: {error}") from None


def history(store: Store, aggregate: str) -> Iterator[Published]:
    """What happened to an aggregate, in order; also what is never published."""
    version = 0
    while rows := store.recorder.select_newer({aggregate: version}, AT_ONCE):
        yield from (told(store, row) for row in rows)
        version = rows[-1].originator_version


def log(store: Store, after: int = 0) -> Iterator[Stored]:
    """The rows of the log of a service after a place, in order."""
    place = after
    while rows := store.log_after(place, AT_ONCE):
        yield from rows
        place = rows[-1].id


def histories(store: Store) -> Iterator[Stored]:
    """All rows of a service by aggregates, each in the order of its versions."""
    place = ("", 0)
    while rows := store.recorder.select_histories(place, AT_ONCE):
        yield from rows
        place = rows[-1].originator_id, rows[-1].originator_version


def tracking(store: Store) -> Iterator[Position]:
    """Up to which event each aggregate of other services was handled."""
    place = ("", "")
    while rows := store.recorder.select_tracking(place, AT_ONCE):
        yield from (Position(*row) for row in rows)
        place = rows[-1][:2]


def labels(store: Store) -> Iterator[tuple[str, str]]:
    """Each aggregate with each of its labels, in order."""
    place = ("", "")
    while rows := store.recorder.select_labels(place, AT_ONCE):
        yield from rows
        place = rows[-1]


def commands(store: Store, after: int = 0) -> Iterator[CommandRow]:
    """The commands that a service decided after one of that number and still knows, in order."""
    place = after
    while rows := store.recorder.select_decided(place, AT_ONCE):
        yield from (row for _, row in rows)
        place = rows[-1][0]


def find(store: Store, position: Position) -> Stored | None:
    """The row at a position, if there is one."""
    return next(iter(store.recorder.select_at([position[1:]])), None)


def in_chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    """As many at once as are looked for by one query."""
    left = iter(rows)
    while chunk := list(islice(left, _LOOKED_FOR)):
        yield chunk


def told(store: Store, row: Stored) -> Published:
    """A stored event as it is told; raises Damaged."""
    return Published.of(record(store, row), store.service, row.id, store.log_id)


def record(store: Store, row: Stored) -> Record:
    """The record of a row; raises Damaged."""
    try:
        read: Record = store.mapper.to_domain_event(row)
    except (UnknownTopic, ValueError, LookupError, TypeError) as error:
        place = Position(store.service, row.originator_id, row.originator_version)
        raise Damaged(f"{place} can't be read: {type(error).__name__}") from None
    return read
