"""How fast history becomes state again, beside the library with its default transcoder."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from services.token.domain import AppTokens, Rules
from services.token.events import ListingSeen
from shared.messages import Meta
from shared.sqlite import open_sqlite
from shared.store import Store
from tests.bench.rows import Row, clocked, median

EVENTS, APPS = 2_000, 10
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
META = Meta(actor="ann", command_id="c", correlation_id="f", causation_id="c", time=NOW)


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
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "token.sqlite"
        _write_ours(path)
        library, ids = _write_theirs(Path(folder) / "library.sqlite")
        one = _rates(lambda: _load_ours(path), lambda: library.repository.get(ids[0]), EVENTS)
        name = f"replay of one aggregate of {EVENTS:,} events, 1/s"
        yield Row(name, *one, "eventsourcing, default transcoder", 5 * one[1], "higher")
        whole = _rates(lambda: _replay_ours(path), lambda: _replay_theirs(library), EVENTS * APPS)
        name = f"replay of a whole log of {EVENTS * APPS:,} events, 1/s"
        yield Row(name, *whole, "eventsourcing, default transcoder", 3 * whole[1], "higher")


def _rates(
    ours: Callable[[], object], theirs: Callable[[], object], count: int
) -> tuple[float, float]:
    mine, floor = median(clocked(ours), clocked(theirs), turns=5)
    return count / mine * 1000, count / floor * 1000


def _write_ours(path: Path) -> None:
    store = Store("token", open_sqlite(path))
    for number in range(APPS):
        tokens = store.load(AppTokens, f"com.example.app-{number}")
        tokens.see_listing(
            ListingSeen(app_key=tokens.key, partner_id="example", status="private", hosting="cloud")
        )
        while tokens.version < EVENTS:
            tokens.create("ann", "for a site", NOW, Rules())
            if tokens.version < EVENTS:
                tokens.remove(tokens.given)
        store.commit(store.draft([tokens], META))


def _load_ours(path: Path) -> AppTokens:
    store = Store("token", open_sqlite(path, read_only=True))
    return store.load(AppTokens, "com.example.app-0")


def _replay_ours(path: Path) -> dict[str, AppTokens]:
    store = Store("token", open_sqlite(path, read_only=True))
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


def _write_theirs(path: Path) -> tuple[Application[UUID], list[UUID]]:
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


def _replay_theirs(library: Application[UUID]) -> dict[UUID, Aggregate]:
    states: dict[UUID, Aggregate] = {}
    place = 1
    while found := library.recorder.select_notifications(place, 1000):
        for row in found:
            told = library.mapper.to_domain_event(row)
            id_ = told.originator_id
            states[id_] = told.mutate(states.get(id_))  # type: ignore[attr-defined]
        place = found[-1].id + 1
    return states
