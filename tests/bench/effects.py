"""How long it takes from a commit in one service to its effect in another one."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from services.token.queries import ListTokens
from shared.subjects import Address
from tests.bench.commands import fsync
from tests.bench.load import APP, load, register
from tests.bench.places import house
from tests.bench.replay import opened
from tests.bench.rows import Row
from tests.bench.stores import token_store

COUNT, PAUSE = 300, 0.01
IDLE, LOADED = 5.0, 15.0
"""Seconds in which an effect is waited for again and again, without and under half load."""
FLOOR = "JetStream publish to delivery + fsync + one read of a log"
_ASK = str(Address.of("qry", ListTokens(app_key=APP), "ann"))


def rows() -> Iterator[Row]:
    """All rows of this kind, in milliseconds."""
    idle, busy, bare = asyncio.run(_measured())
    floor = bare + fsync() + _read()
    name = "commit to effect in another service, p50, 100 a second, ms"
    yield Row(name, statistics.median(idle), floor, FLOOR, 1.5 * floor, "lower")
    name = "commit to effect in another service, p99, under half load, ms"
    yield Row(name, statistics.quantiles(busy, n=100)[98], floor, FLOOR, 50, "lower")


async def _measured() -> tuple[list[float], list[float], float]:
    async with house() as whole:
        client = await nats.connect(whole.url)
        await _effects(client, IDLE)
        idle = await _effects(client, IDLE)
        full = (await load(whole.url, 64, register)).rate
        loading = load(whole.url, 32, register, rate=full / 2, seconds=LOADED)
        _, busy = await asyncio.gather(loading, _effects(client, LOADED))
        await client.close()
    async with house(services=()) as empty:
        client = await nats.connect(empty.url)
        bare = await _deliveries(client)
        await client.close()
    return idle, busy, bare


async def _effects(client: Client, seconds: float) -> list[float]:
    """A question that comes after a position waits until the service it is put to has seen it."""
    taken = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        position = await register(client)
        begun = time.perf_counter()
        body = ListTokens(app_key=APP).as_json.encode()
        await client.request(_ASK, body, 10, headers={"ce-after": position})
        taken.append((time.perf_counter() - begun) * 1000)
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
