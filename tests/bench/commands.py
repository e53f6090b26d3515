"""How many commands a service decides, stores and answers, and how long one alone takes."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from services.contract import SERVICES
from tests.bench.load import Call, Load, load, make_and_remove, register
from tests.bench.places import house, peer
from tests.bench.rows import Row
from tests.bench.stores import token_store

GOALS = {16: 0.8, 64: 0.8, 256: 1.0}
"""Callers at once, and the rate to reach as a part of the echo's."""
ECHO = "FastStream echo that stores nothing"
NAIVE = "FastStream and the library, one save a command"
HOT = 48
"""Callers of one app: fewer than it may have tokens."""


def rows() -> Iterator[Row]:
    """All rows of this kind; the figures of a floor are from the same run."""
    yield from asyncio.run(_all())


async def _all() -> list[Row]:
    return [row async for row in _rows()]


async def _rows() -> AsyncIterator[Row]:
    callers = (1, *GOALS)
    async with house(["listing"]) as alone:
        ours = await _loads(alone.url, callers)
    async with house(SERVICES) as whole:
        all_ = await _loads(whole.url, (64, 256))
    async with peer("faststream") as echoing:
        echo = await _loads(echoing.url, callers)
    async with peer("bare") as echoing:
        bare = await _loads(echoing.url, (64, 256))
    async with peer("naive") as saving:
        naive = await _loads(saving.url, (64,))
        slow = await load(saving.url, HOT, make_and_remove)
    async with house(["token"], before=token_store()) as alone:
        hot = await load(alone.url, HOT, make_and_remove)
    what = "commands stored and answered at {} callers, 1/s"
    for count, part in GOALS.items():
        floor = echo[count].rate
        yield Row(what.format(count), ours[count].rate, floor, ECHO, part * floor, "higher")
    for count in bare:
        floor, part = bare[count].rate, GOALS[count]
        name = what.format(count)
        yield Row(name, ours[count].rate, floor, "bare echo of the client", part * floor, "higher")
    floor = naive[64].rate
    yield Row(what.format(64), ours[64].rate, floor, NAIVE, 8 * floor, "higher")
    name = f"pairs of commands for one app at {HOT} callers, 1/s"
    yield Row(name, hot.rate, slow.rate, NAIVE, 10 * slow.rate, "higher")
    for count, found in all_.items():
        floor, part = echo[count].rate, GOALS[count]
        name = f"the same at {count} callers, two services follow, 1/s"
        yield Row(name, found.rate, floor, ECHO, part * floor, "higher")
    floor = fsync() + echo[1].median
    name = "one caller alone, ms"
    yield Row(name, ours[1].median, floor, "fsync + FastStream echo", 1.5 * floor, "lower")


async def _loads(url: str, callers: tuple[int, ...], call: Call = register) -> dict[int, Load]:
    return {count: await load(url, count, call) for count in callers}


def fsync() -> float:
    """Milliseconds until 4 KiB more are on the disk."""
    taken = []
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "probe").open("wb") as file:
        for _ in range(100):
            file.write(bytes(4096))
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)
