"""What the services of a house have in their stores."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from shared.published import Published
from shared.records import Record, Stored
from shared.sqlite import open_sqlite
from shared.store import A, Store


@dataclass(frozen=True)
class Kept:
    """What one service has in its store."""

    store: Store
    path: Path
    rows: list[Stored]
    """In the order of its log."""
    records: list[Record]

    @classmethod
    def read(cls, folder: Path, service: str) -> "Kept":
        """All of it."""
        path = folder / f"{service}.sqlite"
        store = Store(service, open_sqlite(path, read_only=True))
        rows = list(store.log_after(0, 10_000_000))
        return cls(store, path, rows, [store.mapper.to_domain_event(row) for row in rows])

    def published(self) -> list[Published]:
        """What it has to tell, in order."""
        log_id, service = self.store.log_id, self.store.service
        return [
            Published.of(record, service, row.id, log_id)
            for row, record in zip(self.rows, self.records, strict=True)
            if record.event.PUBLISHED
        ]

    @cached_property
    def positions(self) -> dict[str, Record]:
        """What stands where."""
        service = self.store.service
        return {str(record.position(service)): record for record in self.records}

    def of(self, kind: type[A]) -> Iterator[A]:
        """All its aggregates of a kind."""
        prefix = kind.id_of("")
        ids = dict.fromkeys(str(row.originator_id) for row in self.rows)
        for id_ in ids:
            if id_.startswith(prefix):
                yield self.store.load(kind, id_.removeprefix(prefix))

    def select(self, text: str) -> list[tuple[object, ...]]:
        """Rows of a table of ours."""
        with closing(sqlite3.connect(self.path)) as connection:
            return list(connection.execute(text))


House = Mapping[str, Kept]
