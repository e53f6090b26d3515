"""How fast history becomes state again, beside the library with its default transcoder."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from services.token.domain import AppTokens
from shared.sqlite import open_sqlite
from shared.store import Store
from tests.bench.rows import Row, clocked, median
from tests.bench.stores import NOW, fill_app

EVENTS, APPS = 2_000, 10


class Counter(Aggregate):
    """As small as an aggregate of the library can be, with fields as a token has them."""

    def __init__(self) -> None:
        self.active: dict[int, tuple[str, str, datetime]] = {}

    @event("TokenCreated")
    def create(self, number: int, note: str, maker: str, created_at: datetime) -> None:
        """Make one."""
        self.active[number] = note, maker, created_at

    @event("TokenRemoved")
    def remove(self, number: int) -> None:
        """Remove one."""
        self.active.pop(number)


def rows() -> Iterator[Row]:
    """All rows of this kind, in events a second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write_ours(folder)
        library, ids = library_of(folder / "library.sqlite")
        one = _rates(lambda: _load_ours(folder), lambda: library.repository.get(ids[0]), EVENTS)
        name = f"replay of one aggregate of {EVENTS:,} events, 1/s"
        yield Row(name, *one, "eventsourcing, default transcoder", 5 * one[1], "higher")
        whole = _rates(lambda: _replay_ours(folder), lambda: replay_theirs(library), EVENTS * APPS)
        name = f"replay of a whole log of {EVENTS * APPS:,} events, 1/s"
        yield Row(name, *whole, "eventsourcing, default transcoder", 3 * whole[1], "higher")


def _rates(
    ours: Callable[[], object], theirs: Callable[[], object], count: int
) -> tuple[float, float]:
    mine, floor = median(clocked(ours), clocked(theirs), turns=5)
    return count / mine * 1000, count / floor * 1000


def _write_ours(folder: Path) -> None:
    store = Store("token", open_sqlite(folder / "token.sqlite"))
    for number in range(APPS):
        fill_app(store, f"com.example.app-{number}", EVENTS)


def opened(folder: Path) -> Store:
    """The store of the token service in a folder."""
    return Store("token", open_sqlite(folder / "token.sqlite", read_only=True))


def _load_ours(folder: Path) -> AppTokens:
    return opened(folder).load(AppTokens, "com.example.app-0")


def _replay_ours(folder: Path) -> dict[str, AppTokens]:
    store = opened(folder)
    states: dict[str, AppTokens] = {}
    place = 0
    while found := store.log_after(place, 1000):
        for row in found:
            state = states.get(row.originator_id)
            if state is None:
                key = row.originator_id.partition("/")[2]
                state = states[row.originator_id] = AppTokens(key)
            state.replay(store.mapper.to_event(row))
        place = found[-1].id
    return states


def library_of(path: Path) -> tuple[Application[UUID], list[UUID]]:
    """The library on a store of its own, with as much history, and the ids of its aggregates."""
    library: Application[UUID] = Application(
        {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)}
    )
    ids = []
    for _ in range(APPS):
        counter, number = Counter(), 0
        while counter.pending_events and len(counter.pending_events) < EVENTS:
            number += 1
            counter.create(number, "for a site", "ann", NOW)
            if len(counter.pending_events) < EVENTS:
                counter.remove(number)
        library.save(counter)
        ids.append(counter.id)
    return library, ids


def replay_theirs(library: Application[UUID]) -> dict[UUID, Aggregate]:
    """Let it read a whole log."""
    states: dict[UUID, Aggregate] = {}
    place = 1
    while found := library.recorder.select_notifications(place, 1000):
        for row in found:
            told = library.mapper.to_domain_event(row)
            id_ = told.originator_id
            states[id_] = told.mutate(states.get(id_))  # type: ignore[attr-defined]
        place = found[-1].id + 1
    return states
