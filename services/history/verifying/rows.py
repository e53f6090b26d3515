"""Rows of a store that may have been tampered with."""

from typing import NamedTuple

from services.history.stores import record
from shared.errors import Damaged
from shared.names import Position
from shared.records import Record, Stored, digest
from shared.store import Store


class Flaw(NamedTuple):
    """What isn't as it must be, and where."""

    where: str
    """A position, or the id of a command."""
    detail: str


def position(store: Store, row: Stored) -> Position:
    """Where a row stands."""
    return Position(store.service, row.originator_id, row.originator_version)


def hashed(row: Stored) -> str:
    """What the next row of its aggregate has to carry; nothing for one that isn't even bytes."""
    state: object = row.state  # what a column has is what somebody put there
    return digest(row) if isinstance(state, bytes) else ""


def read(store: Store, row: Stored) -> Record | None:
    """The record of a row; None when it can't be read."""
    try:
        return record(store, row)
    except Damaged:
        return None
