"""How long it takes from a commit in one service to its effect in another one."""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.names import Position
from shared.subjects import EVENTS
from tests.bench.commands import fsync
from tests.bench.load import load, register
from tests.bench.places import house
from tests.bench.replay import opened
from tests.bench.rows import Row
from tests.bench.stores import token_store

T = TypeVar("T")

COUNT, PAUSE = 300, 0.01
IDLE, LOADED = 5.0, 15.0
"""Seconds in which an effect is waited for again and again, without and under half load."""
LATEST = 50.0
"""Milliseconds within which 99 of 100 effects have to be there, under half load."""
FLOOR = "JetStream publish to delivery + fsync + one read of a log"


def rows() -> Iterator[Row]:
    """All rows of this kind, in milliseconds."""
    idle, busy = asyncio.run(_measured())
    floor = asyncio.run(least())
    name = "commit to effect in another service, p50, 100 a second, ms"
    yield Row(name, statistics.median(idle), floor, FLOOR, 1.5 * floor, "lower")
    name = "commit to effect in another service, p99, under half load, ms"
    yield Row(name, p99(busy), floor, FLOOR, LATEST, "lower")


def p99(taken: list[float]) -> float:
    """What one in a hundred takes longer than."""
    return statistics.quantiles(taken, n=100)[98]


class Watch:
    """Sees each event leave the listing service, and when the token service was done with it.

    That one acknowledges a message once its effect is stored.
    """

    def __init__(self, before: int) -> None:
        """`before`: messages that are in the stream already."""
        self._last = before
        self._sequences: dict[str, int] = {}
        self._done: dict[int, float] = {}

    async def begin(self, client: Client) -> None:
        """Look from now on."""
        await client.subscribe("evt.listing.>", cb=self._leave)
        await client.subscribe("$JS.ACK.EVENTS.token_listing.>", cb=self._end)
        await client.flush()

    async def effect(self, position: str) -> float:
        """When the effect of a partner's only event was stored, by `perf_counter`."""
        name = Position.parse(position).aggregate.removeprefix("partner/")
        while (done := self._done.get(self._sequences.get(name, 0))) is None:
            await asyncio.sleep(0.001)
        return done

    async def _leave(self, message: Msg) -> None:
        self._last += 1
        self._sequences[json.loads(message.data)["partner_id"]] = self._last

    async def _end(self, message: Msg) -> None:
        sequence = int(message.subject.split(".")[5])
        self._done.setdefault(sequence, time.perf_counter())


async def least() -> float:
    """Milliseconds of the floor."""
    async with house(services=()) as empty:
        client = await nats.connect(empty.url)
        bare = await _deliveries(client)
        await client.close()
    return bare + fsync() + _read()


async def _measured() -> tuple[list[float], list[float]]:
    async with watched() as (url, client, watch):
        idle = await effects(client, watch, IDLE)
        busy = await under_half_load(url, effects(client, watch, LOADED))
    return idle, busy


@asynccontextmanager
async def watched() -> AsyncIterator[tuple[str, Client, Watch]]:
    """A house that is warm, its address, a client and its watch."""
    async with house() as whole:
        client = await nats.connect(whole.url)
        state = (await client.jetstream().stream_info(EVENTS)).state
        watch = Watch(state.last_seq)
        await watch.begin(client)
        await effects(client, watch, IDLE)
        yield whole.url, client, watch
        await client.close()


async def under_half_load(url: str, measuring: Coroutine[Any, Any, T]) -> T:
    """What is measured while half as many commands come as can."""
    rate = (await load(url, 64, register)).rate / 2
    loading = load(url, 32, register, rate=rate, seconds=LOADED)
    async with asyncio.TaskGroup() as group:
        group.create_task(loading)
        found = group.create_task(measuring)
    return found.result()


async def effects(client: Client, watch: Watch, seconds: float) -> list[float]:
    """Milliseconds from the reply to a command to its effect, one after the other."""
    taken = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        position = await register(client)
        begun = time.perf_counter()
        taken.append((await watch.effect(position) - begun) * 1000)
        await asyncio.sleep(PAUSE)
    return taken


async def _deliveries(client: Client) -> float:
    stream, arrived = client.jetstream(), asyncio.Event()
    await stream.add_stream(name="E", subjects=["e"])

    async def deliver(message: Msg) -> None:
        arrived.set()
        await message.ack()

    await stream.subscribe("e", cb=deliver, manual_ack=True)
    taken = []
    for _ in range(COUNT):
        arrived.clear()
        begun = time.perf_counter()
        await stream.publish("e", b"{}")
        await arrived.wait()
        taken.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(PAUSE)
    return statistics.median(taken)


def _read() -> float:
    with tempfile.TemporaryDirectory() as folder:
        token_store(app=100)(Path(folder))
        store = opened(Path(folder))
        taken = []
        for _ in range(COUNT):
            begun = time.perf_counter()
            store.log_after(store.log_end() - 1, 1)
            taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)
