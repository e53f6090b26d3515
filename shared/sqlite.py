"""The event store on SQLite: events, command log, tracking, labels and log id in one file."""

import dataclasses
import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any

from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor

from shared import sqlite_letters
from shared.command_log import CommandRow
from shared.names import Advance
from shared.sqlite_datastore import Datastore
from shared.sqlite_events import SQLiteEvents
from shared.sqlite_letters import SQLiteLetters

_COLUMNS = [field.name for field in dataclasses.fields(CommandRow)]
_values = attrgetter(*_COLUMNS)
_stored = attrgetter("originator_id", "originator_version", "topic", "state")
_AT_ONCE = (64, 16, 4, 1)
"""Rows that are inserted by one statement: few forms, so that each is compiled once."""
_EVENTS = "stored_events"
_COMMANDS = f"command_log ({','.join(_COLUMNS)})"
_LABELS = "labels"
_UNLABEL = "DELETE FROM labels WHERE aggregate IN (SELECT value FROM json_each(?))"
_SELECT_COMMANDS = (
    f"SELECT {','.join(_COLUMNS)} FROM command_log"  # noqa: S608  # names from our own class
    " WHERE command_id IN (SELECT value FROM json_each(?))"
)
_SELECT_DECIDED = (
    f"SELECT number, {','.join(_COLUMNS)} FROM command_log"  # noqa: S608  # names from our own class
    " WHERE number > ? ORDER BY number LIMIT ?"
)
_IS_REFUSED = "json_extract(outcome, '$.status') = 'refused'"
_SELECT_REFUSED = (
    f"SELECT number, {','.join(_COLUMNS)} FROM command_log"  # noqa: S608  # names from our own class
    f" WHERE number > ? AND {_IS_REFUSED} ORDER BY number LIMIT ?"
)
_PRUNE = (
    "DELETE FROM command_log WHERE number IN (SELECT number FROM"
    " (SELECT number, time FROM command_log WHERE number <= ? ORDER BY number LIMIT ?)"
    " WHERE time < ?)"
)
_STEPS = (
    "SELECT json_extract(value, '$[0]') AS origin, json_extract(value, '$[1]') AS aggregate,"
    " json_extract(value, '$[2]') AS before, json_extract(value, '$[3]') AS after FROM json_each(?)"
)
_ADVANCE = (
    f"INSERT INTO tracking SELECT origin, aggregate, after FROM ({_STEPS}) AS step"  # noqa: S608  # our own text
    " WHERE before = coalesce((SELECT version FROM tracking"
    " WHERE origin=step.origin AND aggregate=step.aggregate), 0)"
    " ON CONFLICT (origin, aggregate) DO UPDATE SET version=excluded.version"
)
"""Takes steps as `[origin, aggregate, before, after]`; passes over what doesn't go on."""
_SELECT_SEEN = (
    "SELECT aggregate, version FROM tracking"
    " WHERE origin=? AND aggregate IN (SELECT value FROM json_each(?))"
)
_SELECT_TRACKING = (
    "SELECT origin, aggregate, version FROM tracking WHERE (origin, aggregate) > (?, ?)"
    " ORDER BY origin, aggregate LIMIT ?"
)
_SELECT_LABELS = (
    "SELECT aggregate, label FROM labels WHERE (aggregate, label) > (?, ?)"
    " ORDER BY aggregate, label LIMIT ?"
)


class SQLiteRecorder(SQLiteEvents, SQLiteLetters, SQLiteApplicationRecorder):
    """The library's recorder, with our rows in the same commit as the events."""

    datastore: Datastore

    def construct_create_table_statements(self) -> list[str]:
        """The library's tables, then ours."""
        texts = ",".join(
            f"{name} TEXT" + ("" if name in ("prepared", "causation_id") else " NOT NULL")
            for name in _COLUMNS
        )
        return [
            *super().construct_create_table_statements(),
            "CREATE TABLE IF NOT EXISTS command_log ("
            f"number INTEGER PRIMARY KEY AUTOINCREMENT, {texts}, UNIQUE (command_id))",
            f"CREATE INDEX IF NOT EXISTS refused ON command_log (number) WHERE {_IS_REFUSED}",
            "CREATE TABLE IF NOT EXISTS tracking ("
            "origin TEXT NOT NULL, aggregate TEXT NOT NULL, version INTEGER NOT NULL,"
            "PRIMARY KEY (origin, aggregate)) WITHOUT ROWID",
            "CREATE TABLE IF NOT EXISTS labels ("
            "label TEXT NOT NULL, aggregate TEXT NOT NULL, PRIMARY KEY (label, aggregate)"
            ") WITHOUT ROWID",
            "CREATE INDEX IF NOT EXISTS labels_of ON labels (aggregate)",
            "CREATE TABLE IF NOT EXISTS log (log_id TEXT NOT NULL)",
            *sqlite_letters.CREATE,
        ]

    def _create_table(self, c: SQLiteCursor) -> None:
        super()._create_table(c)
        c.execute("SELECT 1 FROM log")
        if c.fetchone() is None:  # so that a store in use is opened without waiting for its writer
            c.execute(
                "INSERT INTO log SELECT ? WHERE NOT EXISTS (SELECT 1 FROM log)", (uuid.uuid4().hex,)
            )

    def _insert_events(
        self,
        c: SQLiteCursor,
        stored_events: Sequence[StoredEvent],
        *,
        labels: Mapping[str, frozenset[str]] = MappingProxyType({}),
        commands: Sequence[CommandRow] = (),
        seen: Sequence[Advance] = (),
        **_: Any,
    ) -> Sequence[int] | None:
        if seen:
            c.execute(_ADVANCE, (json.dumps(seen),))
            if c.sqlite_cursor.rowcount != len(seen):
                raise IntegrityError(f"{seen} don't go on from where the tracking is")
        _insert(c, _COMMANDS, [_values(row) for row in commands])
        if labels:
            c.execute(_UNLABEL, (json.dumps(list(labels)),))
        carried = [(label, aggregate) for aggregate, all_ in labels.items() for label in all_]
        _insert(c, _LABELS, carried)
        _insert(c, _EVENTS, [_stored(row) for row in stored_events])
        end = c.lastrowid if stored_events else 0
        return list(range(end - len(stored_events) + 1, end + 1))

    def reading(self) -> AbstractContextManager[None]:
        """Within this one transaction serves all that this thread reads."""
        return self.datastore.reading()

    def turn(self) -> AbstractContextManager[None]:
        """Within this no other process decides on this store."""
        return self.datastore.turn()

    def select_labelled(self, label: str) -> list[str]:
        """The ids of the aggregates that carry a label, in order."""
        with self.datastore.transaction(commit=False) as c:
            c.execute("SELECT aggregate FROM labels WHERE label=? ORDER BY aggregate", (label,))
            return [str(row[0]) for row in c.fetchall()]

    def select_commands(self, command_ids: Sequence[str]) -> list[CommandRow]:
        """The rows of those commands that were decided before."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(_SELECT_COMMANDS, (json.dumps(command_ids),))
            return [CommandRow(*row) for row in c.fetchall()]

    def select_decided(self, number: int, limit: int) -> list[tuple[int, CommandRow]]:
        """The next decided commands with their numbers, in order."""
        return self._numbered(_SELECT_DECIDED, number, limit)

    def select_refused(self, number: int, limit: int) -> list[tuple[int, CommandRow]]:
        """Those of them that were refused."""
        return self._numbered(_SELECT_REFUSED, number, limit)

    def _numbered(self, statement: str, number: int, limit: int) -> list[tuple[int, CommandRow]]:
        with self.datastore.transaction(commit=False) as c:
            c.execute(statement, (number, limit))
            return [(int(row[0]), CommandRow(*row[1:])) for row in c.fetchall()]

    def max_command_number(self) -> int:
        """The number of the last decided command, one that was pruned too; 0 for none."""
        with self.datastore.transaction(commit=False) as c:
            c.execute("SELECT seq FROM sqlite_sequence WHERE name='command_log'")
            row = c.fetchone()
            return 0 if row is None else int(row[0])

    def prune_commands(self, before: str, up_to: int, limit: int) -> int:
        """Drop those of the oldest commands that are older than a time; gives how many."""
        with self.datastore.transaction(commit=True) as c:
            c.execute(_PRUNE, (up_to, limit, before))
            return c.sqlite_cursor.rowcount

    def select_seen(self, origin: str, aggregates: Sequence[str]) -> dict[str, int]:
        """The versions up to which those aggregates of service `origin` were handled."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(_SELECT_SEEN, (origin, json.dumps(aggregates)))
            return {str(aggregate): int(version) for aggregate, version in c.fetchall()}

    def select_tracking(self, after: tuple[str, str], limit: int) -> list[tuple[str, str, int]]:
        """The next services and aggregates with the versions up to which they were handled."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(_SELECT_TRACKING, (*after, limit))
            return [(str(row[0]), str(row[1]), int(row[2])) for row in c.fetchall()]

    def select_labels(self, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
        """The next aggregates with the labels that they carry."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(_SELECT_LABELS, (*after, limit))
            return [(str(row[0]), str(row[1])) for row in c.fetchall()]

    def check_writable(self) -> None:
        """Write nothing new; raises PersistenceError when nothing can be written."""
        with self.datastore.transaction(commit=True) as c:
            c.execute("UPDATE log SET log_id=log_id")

    def select_log_id(self) -> str:
        """What tells this log from every other one, a restored or emptied one too."""
        with self.datastore.transaction(commit=False) as c:
            c.execute("SELECT log_id FROM log")
            return str(c.fetchone()[0])


def _insert(c: SQLiteCursor, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, many by one statement: each statement hands the interpreter to other threads."""
    done = 0
    for count in _AT_ONCE:
        while len(rows) - done >= count:
            taken = rows[done : done + count]
            row = f"({','.join('?' * len(taken[0]))})"
            statement = f"INSERT INTO {table} VALUES {','.join([row] * count)}"  # noqa: S608  # our own table
            c.execute(statement, tuple(chain.from_iterable(taken)))
            done += count


def open_sqlite(path: Path, *, read_only: bool = False) -> SQLiteRecorder:
    """The recorder on that file, made when it is new; raises RuntimeError when not durable.

    To read a store beside the service that writes it, open it `read_only`.
    """
    name = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    turns = None if read_only else path.with_name(f"{path.name}-turn")
    recorder = SQLiteRecorder(Datastore(name, turns))
    if not read_only:
        recorder.create_table()
    with recorder.datastore.get_connection(commit=False) as connection:
        cursor = connection.cursor()
        for pragma, wanted in (("journal_mode", "wal"), ("synchronous", "2")):
            cursor.execute(f"PRAGMA {pragma}")
            if str(cursor.fetchone()[0]) != wanted:
                raise RuntimeError(f"{path}: {pragma} isn't {wanted}, commits could be lost")
    return recorder
