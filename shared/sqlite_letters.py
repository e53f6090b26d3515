"""The dead letters in an event store on SQLite."""

import dataclasses
import json
from collections.abc import Sequence
from operator import attrgetter

from eventsourcing.sqlite import SQLiteDatastore

from shared.dead_letters import Letter

_COLUMNS = [field.name for field in dataclasses.fields(Letter) if field.name != "number"]
_NAMES = ",".join(_COLUMNS)
_values = attrgetter(*_COLUMNS)
CREATE = [
    "CREATE TABLE IF NOT EXISTS dead_letters (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " consumer TEXT NOT NULL, message_id TEXT NOT NULL, subject TEXT NOT NULL, aggregate TEXT,"
    " version INTEGER, headers TEXT NOT NULL, body BLOB NOT NULL, reason TEXT NOT NULL,"
    " attempts INTEGER NOT NULL, time TEXT NOT NULL, settled TEXT, settled_by TEXT,"
    " settled_at TEXT, UNIQUE (consumer, message_id))",
    "CREATE INDEX IF NOT EXISTS open_letters ON dead_letters (consumer, aggregate)"
    " WHERE settled IS NULL",
]
# Below, nothing but names from our own class stands in the texts.
_INSERT = (
    f"INSERT INTO dead_letters ({_NAMES})"  # noqa: S608
    f" SELECT {','.join('?' * len(_COLUMNS))} WHERE ? OR EXISTS (SELECT 1 FROM dead_letters"
    " WHERE consumer=? AND aggregate=? AND version<? AND settled IS NULL)"
    " ON CONFLICT DO NOTHING"
)
_IS_KNOWN = "SELECT 1 FROM dead_letters WHERE consumer=? AND message_id=?"
_SELECT = (
    f"SELECT {_NAMES},number FROM dead_letters WHERE settled IS NULL"  # noqa: S608
    " ORDER BY consumer, aggregate, version, number"
)
_SELECT_BLOCKED = (
    "SELECT DISTINCT aggregate FROM dead_letters WHERE consumer=? AND settled IS NULL"
    " AND aggregate IN (SELECT value FROM json_each(?))"
)


class SQLiteLetters:
    """The part of a recorder that keeps dead letters."""

    datastore: SQLiteDatastore

    def insert_letter(self, letter: Letter, *, behind: bool) -> bool:
        """Keep a letter; `behind`: only if an earlier one of its aggregate is open.

        Tells whether it is kept, now or from before.
        """
        place = (letter.consumer, letter.aggregate, letter.version)
        with self.datastore.transaction(commit=True) as c:
            c.execute(_INSERT, (*_values(letter), not behind, *place))
            if c.sqlite_cursor.rowcount == 1:
                return True
            c.execute(_IS_KNOWN, (letter.consumer, letter.message_id))
            return c.fetchone() is not None

    def select_letters(self) -> list[Letter]:
        """The letters that nobody dealt with, by consumer and aggregate in order."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(_SELECT)
            return [Letter(*row) for row in c.fetchall()]

    def count_letters(self) -> int:
        """How many letters nobody dealt with."""
        with self.datastore.transaction(commit=False) as c:
            c.execute("SELECT count(*) FROM dead_letters WHERE settled IS NULL")
            return int(c.fetchone()[0])

    def select_blocked(self, consumer: str, aggregates: Sequence[str]) -> set[str]:
        """Those aggregates of which a letter is open."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(_SELECT_BLOCKED, (consumer, json.dumps(aggregates)))
            return {str(row[0]) for row in c.fetchall()}

    def settle_letter(self, number: int, how: str, actor: str, time: str) -> None:
        """Keep how a letter was dealt with, and by whom."""
        with self.datastore.transaction(commit=True) as c:
            c.execute(
                "UPDATE dead_letters SET settled=?, settled_by=?, settled_at=?"
                " WHERE number=? AND settled IS NULL",
                (how, actor, time, number),
            )

    def update_letter(self, number: int, reason: str) -> None:
        """Keep that a letter could not be handled once more."""
        with self.datastore.transaction(commit=True) as c:
            c.execute(
                "UPDATE dead_letters SET reason=?, attempts=attempts+1 WHERE number=?",
                (reason, number),
            )
