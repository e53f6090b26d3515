"""What somebody with the right to write to a store could do to it."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

from shared.records import CHAIN_START, Stored, digest


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


def precede(store: sqlite3.Connection, chance: Random) -> set[str]:
    """Let the history of another aggregate stand before the log, with all that belongs to it."""
    old = chance.choice(rows(store)).aggregate
    new, prev = f"{old}-too", CHAIN_START
    history = [row for row in rows(store) if row.aggregate == old]
    for place, row in enumerate(history, -len(history)):
        state = json.loads(row.state) | {"prev": prev}
        state["meta"]["command_id"] = _ask_again(store, state["meta"]["command_id"], old, new)
        other = row._replace(place=place, aggregate=new, state=json.dumps(state).encode())
        prev = digest(_stored(other))
        store.execute(
            "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state)"
            " VALUES (?, ?, ?, ?, ?)",
            other,
        )
    store.execute("INSERT INTO labels SELECT label, ? FROM labels WHERE aggregate=?", (new, old))
    return {new}


def _ask_again(store: sqlite3.Connection, command: str | None, old: str, new: str) -> str | None:
    """Let a command have been sent for another aggregate too; gives its id."""
    if command is None:
        return None
    id_ = f"{command}-too"
    told = store.execute("SELECT * FROM command_log WHERE command_id=?", (command,))
    names = [column[0] for column in told.description]
    row = dict(zip(names, told.fetchone(), strict=True)) | {"number": None, "command_id": id_}
    row["outcome"] = row["outcome"].replace(old, new)
    store.execute(
        f"INSERT OR IGNORE INTO command_log VALUES ({','.join('?' * len(row))})", [*row.values()]
    )
    return id_


def write(store: sqlite3.Connection, row: Row, state: bytes) -> None:
    store.execute("UPDATE stored_events SET state=? WHERE rowid=?", (state, row.place))


def _end(store: sqlite3.Connection, aggregate: str) -> int:
    told = "SELECT max(originator_version) FROM stored_events WHERE originator_id=?"
    return int(store.execute(told, (aggregate,)).fetchone()[0])


def _stored(row: Row) -> Stored:
    return Stored(*row)


HARMS: Mapping[str, Callable[[sqlite3.Connection, Random], set[str]]] = {
    harm.__name__: harm
    for harm in (edit, spoil, swap, insert, delete, cut, reorder, rechain, precede)
}
"""By name: does it, and tells to which aggregates."""
UNSEALED = {"insert", "precede"}
"""What no seal tells, as all stands where it stood."""
