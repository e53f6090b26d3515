"""The connections to a store on SQLite, and the transactions on them."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from eventsourcing.persistence import InterfaceError
from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
)

from shared.turns import turn

_LOCK_TIMEOUT = 1
"""Seconds to wait for another process that writes; then what was to be stored fails."""
_STATEMENTS = 64
"""Compiled statements that a connection keeps: more than are ever used."""


class _Pool(SQLiteConnectionPool):
    """Its connections keep what they compiled: one of the library keeps only the last statement."""

    def _create_connection(self) -> SQLiteConnection:
        try:
            c = sqlite3.connect(
                self.db_name,
                uri=True,
                timeout=_LOCK_TIMEOUT,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=_STATEMENTS,
            )
            c.execute("PRAGMA journal_mode=WAL")
        except sqlite3.Error as error:
            raise InterfaceError(error) from error
        c.row_factory = sqlite3.Row
        return SQLiteConnection(c, self.max_age)


class Datastore(SQLiteDatastore):
    """Where one transaction can serve many reads: to begin and end each takes longer than it."""

    def __init__(self, name: str, turns: Path | None = None) -> None:
        """`turns`: the file by which the processes that write take turns, if there are others."""
        super().__init__(name, originator_id_type="text")
        self.pool = _Pool(db_name=name)
        self._shared = threading.local()
        self._turns = turns

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        shared: SQLiteCursor | None = getattr(self._shared, "cursor", None)
        if shared is not None and not commit:
            yield shared
        else:
            with super().transaction(commit=commit) as c:
                yield c

    def turn(self) -> AbstractContextManager[None]:
        """Within this no other process decides on this store; see `shared.turns`."""
        return nullcontext() if self._turns is None else turn(self._turns)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Within this all that this thread reads is one transaction."""
        with self.transaction(commit=False) as c:
            self._shared.cursor = c
            try:
                yield
            finally:
                self._shared.cursor = None
