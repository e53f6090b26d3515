"""The relay brings the log to the stream: all of it, once, in order, whatever happens to both."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client as Connection
from nats.aio.msg import Msg
from nats.js import api

from services.listing.commands import RegisterPartner
from services.listing.domain import Partner
from services.token import domain as tokens
from shared.messages import Meta
from shared.outbox import EventLog
from shared.pipeline import Pipeline
from shared.published import Published
from shared.relay import ForeignStream, Relay
from shared.sqlite import open_sqlite
from shared.store import Store
from shared.streams import declared
from shared.subjects import EVENTS
from shared.tasks import end
from tests.flows.acting import ANN
from tests.flows.conftest import bare_nats

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
META = Meta(actor=ANN, command_id="c", correlation_id="f", causation_id="c", time=NOW)
OWN = "evt.listing.>"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The store of a listing service."""
    return Store("listing", open_sqlite(tmp_path / "listing.sqlite"))


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    """A connection to a server without a stream."""
    async with bare_nats(tmp_path) as url:
        opened = await nats.connect(url)
        yield opened
        await opened.close()


def happen(store: Store, *names: str) -> None:
    """Let something be stored."""
    for name in names:
        partner = store.load(Partner, name)
        partner.register(RegisterPartner(partner_id=name, organisation=name), ANN)
        store.commit(store.draft([partner], META))


class Sleepy(Pipeline):
    """Falls asleep whenever it has read the log."""

    async def on_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        """Sleep before what was read is given."""
        read = await super().on_thread(function, *args)
        if function.__name__ == "after":
            await asyncio.sleep(0.5)
        return read


class Noting(Pipeline):
    """Notes which rows of the log were read, and when nothing was left."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.places: list[int] = []
        self.reads = 0
        self.ends = 0

    async def on_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        """Note what comes of it."""
        read = await super().on_thread(function, *args)
        if function.__name__ == "after":
            self.places += [row.place for row in read]
            self.reads += 1
            self.ends += not read
        return read


class Following(Pipeline):
    """Has something more stored each time when the log was just read, three times."""

    async def on_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        """Store it before what was read is given."""
        read = await super().on_thread(function, *args)
        if function.__name__ == "after" and self.store.log_end() < 4:
            happen(self.store, f"p{self.store.log_end() + 1}")
            self.committed.set()
        return read


def relay(pipeline: Pipeline) -> Relay:
    """The relay of its events."""
    return Relay(EventLog(pipeline.store), pipeline, pipeline.committed)


@asynccontextmanager
async def relaying(
    store: Store, connection: Connection, pipeline: Pipeline | None = None
) -> AsyncIterator[None]:
    """A relay that runs meanwhile."""
    pipeline = pipeline or Pipeline(store, {})
    task = asyncio.create_task(relay(pipeline).run(connection))
    try:
        yield
    finally:
        await end(task)
        pipeline.close()


async def until(connection: Connection, store: Store) -> list[Published]:
    """Wait until the stream ends with what the store ends with; gives all of it."""
    stream = connection.jetstream()
    async with asyncio.timeout(10):
        while True:
            try:
                last = await stream.get_last_msg(EVENTS, OWN)
                if Published.read(last.headers, last.data or b"").sequence == store.log_end():
                    return await everything(connection)
            except nats.js.errors.NotFoundError:
                pass
            await asyncio.sleep(0.02)


async def everything(connection: Connection) -> list[Published]:
    """All events in the stream."""
    stream = connection.jetstream()
    subscription = await stream.subscribe(OWN, ordered_consumer=True)
    messages: list[Msg] = []
    while not messages or messages[-1].metadata.num_pending:
        messages.append(await subscription.next_msg(timeout=5))
    await subscription.unsubscribe()
    return [Published.read(message.headers, message.data) for message in messages]


def names(count: int) -> list[str]:
    """So many partners."""
    return [f"p{number}" for number in range(count)]


@pytest.mark.parametrize("atomic", [True, False])
async def test_the_whole_log_comes_in_order_with_batches_and_without(
    store: Store, connection: Connection, atomic: bool
) -> None:
    config = api.StreamConfig(**{**declared()[EVENTS].__dict__, "allow_atomic": atomic})
    await connection.jetstream().add_stream(config)
    happen(store, *names(30))
    async with relaying(store, connection):
        told = await until(connection, store)
        assert [row.sequence for row in told] == list(range(1, 31))
        happen(store, "one", "two")
        told = await until(connection, store)
    assert [row.sequence for row in told] == list(range(1, 33))
    assert {row.log_id for row in told} == {store.log_id}


@pytest.mark.parametrize("kept", [0, 12, 29])
async def test_a_stream_that_lost_its_tail_gets_it_again(
    store: Store, connection: Connection, tmp_path: Path, kept: int
) -> None:
    happen(store, *names(30))
    async with relaying(store, connection):
        before = await until(connection, store)
    (tmp_path / "restored").mkdir()
    async with bare_nats(tmp_path / "restored") as url:
        restored = await nats.connect(url)
        short = Store("listing", open_sqlite(tmp_path / "short.sqlite"))
        short.log_id = store.log_id
        happen(short, *names(kept))
        if kept:
            async with relaying(short, restored):
                await until(restored, short)
        async with relaying(store, restored):
            after = await until(restored, store)
        await restored.close()
    assert after == before


async def test_two_relays_at_once_do_no_harm(store: Store, connection: Connection) -> None:
    other = await nats.connect(connection.connected_url.geturl())  # type: ignore[union-attr]
    async with relaying(store, connection), relaying(_beside(store), other):
        for start in range(0, 300, 30):
            happen(store, *(f"p{number}" for number in range(start, start + 30)))
            await asyncio.sleep(0.01)
        told = await until(connection, store)
    await other.close()
    assert [row.sequence for row in told] == list(range(1, 301))


async def test_what_is_not_published_is_read_once(
    tmp_path: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.relay._LOOK", 0.01)
    token = Store("token", open_sqlite(tmp_path / "token.sqlite"))
    for number in range(1, 6):
        copy = token.load(tokens.Partner, f"p{number}")
        copy.see(frozenset({ANN}))
        token.commit(token.draft([copy], META))
    pipeline = Noting(token, {})
    async with relaying(token, connection, pipeline), asyncio.timeout(10):
        while pipeline.ends < 4:
            await asyncio.sleep(0.02)
    assert pipeline.places == [1, 2, 3, 4, 5]


async def test_a_relay_reads_once_each_time_that_it_is_woken(
    store: Store, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.relay._IDLE", 60)
    pipeline = Noting(store, {})
    async with relaying(store, connection, pipeline), asyncio.timeout(10):
        while pipeline.reads < 1:
            await asyncio.sleep(0.02)
        for number in range(1, 4):
            happen(store, f"p{number}")
            pipeline.committed.set()
            await until(connection, store)
            await asyncio.sleep(0.1)
            assert pipeline.reads == 1 + number
    assert pipeline.places == [1, 2, 3]


async def test_what_is_stored_while_the_relay_is_busy_is_told_at_once(
    store: Store, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.relay._IDLE", 60)
    happen(store, "p1")
    pipeline = Following(store, {})
    async with relaying(store, connection, pipeline), asyncio.timeout(10):
        while store.log_end() < 4:
            await asyncio.sleep(0.02)
        told = await until(connection, store)
    assert [row.sequence for row in told] == [1, 2, 3, 4]


@pytest.mark.parametrize("count", [3, 30])
async def test_a_relay_that_was_asleep_tells_nothing_twice(
    store: Store, connection: Connection, count: int
) -> None:
    """The stream itself knows an event again for a while only, here for a tenth of a second."""
    config = api.StreamConfig(**{**declared()[EVENTS].__dict__, "duplicate_window": 0.1})
    await connection.jetstream().add_stream(config)
    happen(store, *names(count))
    beside = _beside(store)
    async with relaying(beside, connection, Sleepy(beside, {})):
        await asyncio.sleep(0.1)  # it has read the log
        async with relaying(store, connection):
            await until(connection, store)
            await asyncio.sleep(1)
            told = await everything(connection)
    assert [row.sequence for row in told] == list(range(1, count + 1))


async def test_a_stream_of_another_log_stops_the_relay(
    store: Store, connection: Connection, tmp_path: Path
) -> None:
    happen(store, "p")
    async with relaying(store, connection):
        await until(connection, store)
    foreign = Store("listing", open_sqlite(tmp_path / "foreign.sqlite"))
    happen(foreign, "p", "q")
    with pytest.raises(ForeignStream, match="use the store that belongs to the stream"):
        await asyncio.wait_for(relay(Pipeline(foreign, {})).run(connection), 5)


def _beside(store: Store) -> Store:
    """Another store on the same file, as another process has it."""
    copy: Callable[..., Store] = Store
    return copy("listing", store.recorder)
