"""The least that a store has to do for a command: two reads, and its rows in one commit."""

import sqlite3
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from services.documents.examples import success
from services.listing.commands import RegisterPartner
from shared.command_log import CommandRow
from shared.messages import Accepted, Envelope
from shared.sqlite import open_sqlite

_TIME = datetime(2026, 11, 25, tzinfo=UTC)
_HISTORY = "SELECT * FROM stored_events WHERE originator_id=? ORDER BY originator_version"
_STATE = bytes(320)
"""As many as the event of such a command has."""


class PlainStore:
    """Our tables with our durability, used without our classes."""

    def __init__(self, folder: Path) -> None:
        open_sqlite(folder / "plain.sqlite")
        self._store = sqlite3.connect(folder / "plain.sqlite", isolation_level=None)
        self._store.execute("PRAGMA synchronous=FULL")
        command = RegisterPartner(partner_id="example", organisation="Example")
        envelope = Envelope(id="c", actor="ann", time=_TIME, correlation_id="f")
        outcome = Accepted.model_validate(success(RegisterPartner), strict=False)
        _, *self._row = astuple(CommandRow.of(command, envelope, None, outcome, _TIME))
        self._insert = f"INSERT INTO command_log VALUES (NULL,?{',?' * len(self._row)})"

    def commit(self) -> None:
        """Store a command and its event: new each time, though but for their keys the same."""
        key = uuid4().hex
        aggregate = f"partner/{key}"
        self._store.execute("BEGIN IMMEDIATE")
        self._store.execute("SELECT * FROM command_log WHERE command_id=?", (key,)).fetchall()
        self._store.execute(_HISTORY, (aggregate,)).fetchall()
        self._store.execute(self._insert, (key, *self._row))
        event = (aggregate, 1, "listing.PartnerRegistered", _STATE)
        self._store.execute("INSERT INTO stored_events VALUES (?,?,?,?)", event)
        self._store.execute("COMMIT")
