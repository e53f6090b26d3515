"""`python -m tests.bench.least`: how near to a goal one comes who does only a part of the work.

Each row stands beside a goal that ours misses, measured in the same turn:

- the FastStream echo that also reads and stores the rows of a command, and decides nothing;
- a commit, its publication, and two followers that only commit and acknowledge;
- one atomic batch after the other by a client that does nothing else, of as many events as the
  relay was seen to publish at once under half load.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
import uuid
from contextlib import AsyncExitStack
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import api

from services import contract
from services.cli.output import table
from shared.consumer import InOrder, messages
from tests.bench import effects
from tests.bench.commands import fsync
from tests.bench.load import load, register
from tests.bench.places import house, peer, running
from tests.bench.plain import PlainStore

HEAD = ("ms", "who does a part", "ours", "goal")
TURNS = 3
FOLLOWERS = ("one", "two")
BATCH = 15
"""Events in a batch."""
_BYTES = 400
"""As many as an event has on the bus."""


async def main() -> None:
    """Measure each, on one server after another."""
    contract.load()
    for _ in range(TURNS):
        rows = [await _one_caller(), *await _effects()]
        table([HEAD, *((name, *(f"{figure:.2f}" for figure in row)) for name, *row in rows)])


async def _one_caller() -> tuple[str, float, float, float]:
    async with peer("faststream") as echo:
        floor = fsync() + (await load(echo.url, 1, register)).median
    async with peer("storing") as storing:
        least = (await load(storing.url, 1, register)).median
    async with house(["listing"]) as alone:
        ours = (await load(alone.url, 1, register)).median
    return "one caller alone", least, ours, 1.5 * floor


async def _effects() -> list[tuple[str, float, float, float]]:
    goal = 1.5 * await effects.least()
    async with house(services=()) as empty:
        least = statistics.median(await _chain(empty.url))
    async with effects.watched() as (url, client, watch):
        idle = await effects.effects(client, watch, effects.IDLE)
        seconds = effects.LOADED
        busy = await effects.under_half_load(url, effects.effects(client, watch, seconds))
        batches = await effects.under_half_load(url, _batches(client, seconds))
    return [
        ("commit to effect, p50", least, statistics.median(idle), goal),
        ("p99 under half load", effects.p99(batches), effects.p99(busy), effects.LATEST),
    ]


async def _chain(url: str) -> list[float]:
    """Milliseconds from a commit until the first follower has committed too."""
    client, done = await nats.connect(url), asyncio.Event()
    stream = client.jetstream()
    await stream.add_stream(name="E", subjects=["e"])

    async def end(_: Msg) -> None:
        done.set()

    await client.subscribe(f"$JS.ACK.E.{FOLLOWERS[0]}.>", cb=end)
    taken = []
    async with AsyncExitStack() as stack:
        store = PlainStore(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        for name in FOLLOWERS:
            await stream.add_consumer("E", InOrder(durable_name=name))
            await stack.enter_async_context(running("tests.bench.least", name, url))
        for _ in range(effects.COUNT):
            done.clear()
            store.commit()
            begun = time.perf_counter()
            await stream.publish("e", bytes(_BYTES))
            await done.wait()
            taken.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(effects.PAUSE)
    await client.close()
    return taken


async def _follow(name: str, url: str) -> None:
    """Commit and acknowledge, until it is killed."""
    client = await nats.connect(url)
    with tempfile.TemporaryDirectory() as folder:
        store = PlainStore(Path(folder))
        print("ready", flush=True)  # noqa: T201  # its parent waits for it
        async for message in messages(client, "E", name, lambda: 0):
            store.commit()
            await message.ack()


async def _batches(client: Client, seconds: float) -> list[float]:
    """Milliseconds until the stream has one batch after the other."""
    config = api.StreamConfig(name="B", subjects=["b"], allow_atomic=True)
    await client.jetstream().add_stream(config)
    taken = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun, batch = time.perf_counter(), uuid.uuid4().hex
        for number in range(1, BATCH):
            told = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            await client.publish("b", bytes(_BYTES), headers=told)
        told = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(BATCH), "Nats-Batch-Commit": "1"}
        answer = await client.request("b", bytes(_BYTES), headers=told, timeout=10)
        assert "error" not in json.loads(answer.data), answer.data
        taken.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(effects.PAUSE)
    return taken


if __name__ == "__main__":
    asyncio.run(_follow(*sys.argv[1:]) if sys.argv[1:] else main())
