"""What somebody with the right to write to a store could do to it."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

from shared.records import Stored, digest


class Row(NamedTuple):
    """An event in a store, as a vandal sees it."""

    place: int
    aggregate: str
    version: int
    topic: str
    state: bytes


def rows(store: sqlite3.Connection) -> list[Row]:
    """All events of a store."""
    return [Row(*row) for row in store.execute("SELECT rowid, * FROM stored_events")]


def edit(store: sqlite3.Connection, chance: Random) -> set[str]:
    """Let another account have done something."""
    row = chance.choice(rows(store))
    state = json.loads(row.state)
    state["meta"]["actor"] = "mallory"
    write(store, row, json.dumps(state).encode())
    return {row.aggregate}


def spoil(store: sqlite3.Connection, chance: Random) -> set[str]:
    """Cut an event in half."""
    row = chance.choice(rows(store))
    write(store, row, row.state[: len(row.state) // 2])
    return {row.aggregate}


def swap(store: sqlite3.Connection, chance: Random) -> set[str]:
    """Exchange what two events say."""
    one, other = chance.sample(rows(store), 2)
    for row, by in ((one, other), (other, one)):
        store.execute("UPDATE stored_events SET topic=? WHERE rowid=?", (by.topic, row.place))
        write(store, row, by.state)
    return {one.aggregate, other.aggregate}


def insert(store: sqlite3.Connection, chance: Random) -> set[str]:
    """Let something happen once more, well chained."""
    last = chance.choice([row for row in rows(store) if row.version == _end(store, row.aggregate)])
    state = json.loads(last.state) | {"prev": digest(_stored(last))}
    new = (last.aggregate, last.version + 1, last.topic, json.dumps(state).encode())
    store.execute("INSERT INTO stored_events VALUES (?, ?, ?, ?)", new)
    return {last.aggregate}


def delete(store: sqlite3.Connection, chance: Random) -> set[str]:
    """Let something not have happened."""
    row = chance.choice(rows(store))
    store.execute("DELETE FROM stored_events WHERE rowid=?", (row.place,))
    return {row.aggregate}


def cut(store: sqlite3.Connection, chance: Random) -> set[str]:
    """Let nothing have happened since, and nobody have asked."""
    all_ = rows(store)
    after = chance.randrange(len(all_) // 2, len(all_))
    store.execute("DELETE FROM stored_events WHERE rowid>?", (after,))
    for row in all_[after:]:
        command = json.loads(row.state)["meta"]["command_id"]
        store.execute("DELETE FROM command_log WHERE command_id=?", (command,))
    return {row.aggregate for row in all_[after:]}


def reorder(store: sqlite3.Connection, chance: Random) -> set[str]:
    """Exchange the places of two events in the log."""
    one, other = chance.sample(rows(store), 2)
    for row, place in ((one, -1), (other, one.place)):
        store.execute("UPDATE stored_events SET rowid=? WHERE rowid=?", (place, row.place))
    store.execute("UPDATE stored_events SET rowid=? WHERE rowid=-1", (other.place,))
    return {one.aggregate, other.aggregate}


def rechain(store: sqlite3.Connection, chance: Random) -> set[str]:
    """Change an event and make the chain behind it anew, so that it holds."""
    row = chance.choice([row for row in rows(store) if b'command_id":"' in row.state])
    state = json.loads(row.state)
    state["meta"]["time"] = "2020-01-01T00:00:00Z"
    write(store, row, json.dumps(state).encode())
    history = [later for later in rows(store) if later.aggregate == row.aggregate]
    for place in range(row.version, len(history)):
        before, later = history[place - 1], history[place]
        state = json.loads(later.state) | {"prev": digest(_stored(before))}
        history[place] = later._replace(state=json.dumps(state).encode())
        write(store, later, history[place].state)
    return {row.aggregate}


def write(store: sqlite3.Connection, row: Row, state: bytes) -> None:
    store.execute("UPDATE stored_events SET state=? WHERE rowid=?", (state, row.place))


def _end(store: sqlite3.Connection, aggregate: str) -> int:
    told = "SELECT max(originator_version) FROM stored_events WHERE originator_id=?"
    return int(store.execute(told, (aggregate,)).fetchone()[0])


def _stored(row: Row) -> Stored:
    return Stored(*row)


HARMS: Mapping[str, Callable[[sqlite3.Connection, Random], set[str]]] = {
    harm.__name__: harm for harm in (edit, spoil, swap, insert, delete, cut, reorder, rechain)
}
"""By name: does it, and tells to which aggregates."""
