"""The event store on SQLite: events, command log, tracking, labels and log id in one file."""

import dataclasses
import json
import uuid
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any

from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteFactory

from shared import sqlite_letters
from shared.command_log import CommandRow
from shared.names import Advance
from shared.sqlite_letters import SQLiteLetters

_LOCK_TIMEOUT = "1"
"""Seconds to wait for another process that writes; then what was to be stored fails."""
_COLUMNS = [field.name for field in dataclasses.fields(CommandRow)]
_values = attrgetter(*_COLUMNS)
_INSERT_COMMAND = (
    f"INSERT INTO command_log ({','.join(_COLUMNS)}) VALUES ({','.join('?' * len(_COLUMNS))})"  # noqa: S608  # names from our own class
)
_SELECT_COMMANDS = (
    f"SELECT {','.join(_COLUMNS)} FROM command_log"  # noqa: S608  # names from our own class
    " WHERE command_id IN (SELECT value FROM json_each(?))"
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
_SELECT_NEWER = (
    "SELECT originator_id, originator_version, topic, state FROM json_each(?) AS wanted"
    " JOIN stored_events ON originator_id=wanted.key AND originator_version>wanted.value"
    " ORDER BY originator_id, originator_version"
)
_ADVANCE = (
    "INSERT INTO tracking SELECT :origin, :aggregate, :after WHERE :before = 0 OR EXISTS"
    " (SELECT 1 FROM tracking WHERE origin=:origin AND aggregate=:aggregate)"
    " ON CONFLICT (origin, aggregate) DO UPDATE SET version=excluded.version"
    " WHERE tracking.version=:before"
)
_SELECT_SEEN = (
    "SELECT aggregate, version FROM tracking"
    " WHERE origin=? AND aggregate IN (SELECT value FROM json_each(?))"
)


class SQLiteRecorder(SQLiteLetters, SQLiteApplicationRecorder):
    """The library's recorder, with our rows in the same commit as the events."""

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
        for advance in seen:
            c.execute(_ADVANCE, advance._asdict())
            if c.sqlite_cursor.rowcount != 1:
                raise IntegrityError(f"{advance} doesn't go on from where the tracking is")
        if commands:
            c.executemany(_INSERT_COMMAND, [_values(row) for row in commands])
        for aggregate, carried in labels.items():
            c.execute("DELETE FROM labels WHERE aggregate=?", (aggregate,))
            c.executemany(
                "INSERT INTO labels VALUES (?, ?)", [(label, aggregate) for label in carried]
            )
        return super()._insert_events(c, stored_events)

    def select_labelled(self, label: str) -> list[str]:
        """The ids of the aggregates that carry a label, in order."""
        with self.datastore.transaction(commit=False) as c:
            c.execute("SELECT aggregate FROM labels WHERE label=? ORDER BY aggregate", (label,))
            return [str(row[0]) for row in c.fetchall()]

    def select_newer(self, versions: Mapping[str, int]) -> list[StoredEvent]:
        """What came after these versions of these aggregates, in order."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(_SELECT_NEWER, (json.dumps(versions),))
            return [StoredEvent(*row) for row in c.fetchall()]

    def select_commands(self, command_ids: Sequence[str]) -> list[CommandRow]:
        """The rows of those commands that were decided before."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(_SELECT_COMMANDS, (json.dumps(command_ids),))
            return [CommandRow(*row) for row in c.fetchall()]

    def select_refused(self, number: int, limit: int) -> list[tuple[int, CommandRow]]:
        """The next refused commands with their numbers, in order."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(_SELECT_REFUSED, (number, limit))
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

    def check_writable(self) -> None:
        """Write nothing new; raises PersistenceError when nothing can be written."""
        with self.datastore.transaction(commit=True) as c:
            c.execute("UPDATE log SET log_id=log_id")

    def select_log_id(self) -> str:
        """What tells this log from every other one, a restored or emptied one too."""
        with self.datastore.transaction(commit=False) as c:
            c.execute("SELECT log_id FROM log")
            return str(c.fetchone()[0])


class _Factory(SQLiteFactory):
    application_recorder_class = SQLiteRecorder


def open_sqlite(path: Path, *, read_only: bool = False) -> SQLiteRecorder:
    """The recorder on that file, made when it is new; raises RuntimeError when not durable.

    To read a store beside the service that writes it, open it `read_only`.
    """
    name = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    create = "no" if read_only else "yes"
    factory = _Factory(
        {
            "SQLITE_DBNAME": name,
            "SQLITE_LOCK_TIMEOUT": _LOCK_TIMEOUT,
            "ORIGINATOR_ID_TYPE": "text",
            "CREATE_TABLE": create,
        }
    )
    recorder = factory.application_recorder()
    assert isinstance(recorder, SQLiteRecorder)  # noqa: S101  # the factory's type is the base's
    with recorder.datastore.get_connection(commit=False) as connection:
        cursor = connection.cursor()
        for pragma, wanted in (("journal_mode", "wal"), ("synchronous", "2")):
            cursor.execute(f"PRAGMA {pragma}")
            if str(cursor.fetchone()[0]) != wanted:
                raise RuntimeError(f"{path}: {pragma} isn't {wanted}, commits could be lost")
    return recorder
