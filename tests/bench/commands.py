"""How many commands a service decides, stores and answers, and how long one alone takes."""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import nats

from services.supervisor import Supervisor
from tests.bench.rows import Row
from tests.flows.conftest import bare_nats

SECONDS = 4.0
GOALS = {64: 0.8, 256: 1.0}
"""Callers at once, and the rate to reach as a part of the echo's."""


class Load(NamedTuple):
    """What came of many callers that each wait for a reply and ask again."""

    rate: float
    """Replies in a second."""
    median: float
    """Milliseconds that a caller waited."""


def rows() -> Iterator[Row]:
    """All rows of this kind; the figures of a floor are from the same run."""
    ours, echo, fsync = asyncio.run(_measured())
    for callers, part in GOALS.items():
        floor = echo[callers].rate
        operation = f"commands stored and answered at {callers} callers, 1/s"
        yield Row(operation, ours[callers].rate, floor, "FastStream echo", part * floor, "higher")
    floor = fsync + echo[1].median
    operation = "one caller alone, ms"
    yield Row(operation, ours[1].median, floor, "fsync + FastStream echo", 1.5 * floor, "lower")


async def _measured() -> tuple[dict[int, Load], dict[int, Load], float]:
    ours: dict[int, Load] = {}
    echo: dict[int, Load] = {}
    with tempfile.TemporaryDirectory() as folder:
        fsync = _fsync(Path(folder))
        async with Supervisor(Path(folder) / "house") as house, _echo(Path(folder)) as url:
            for callers in (1, *GOALS):
                ours[callers] = await _load(house.url, callers)
                echo[callers] = await _load(url, callers)
    return ours, echo, fsync


async def _load(url: str, callers: int) -> Load:
    """Partners are registered, each by a new id, so each command has an aggregate of its own."""
    connection = await nats.connect(url)
    waited: list[float] = []
    end = time.monotonic() + SECONDS

    async def call() -> None:
        while time.monotonic() < end:
            name = uuid.uuid4().hex
            begun = time.perf_counter()
            body = json.dumps({"partner_id": name, "organisation": "Example"}).encode()
            reply = await connection.request(f"cmd.listing.RegisterPartner.{name}.ann", body, 10)
            waited.append((time.perf_counter() - begun) * 1000)
            assert json.loads(reply.data)["status"] == "accepted"

    await asyncio.gather(*(call() for _ in range(callers)))
    await connection.close()
    return Load(len(waited) / SECONDS, statistics.median(waited))


@asynccontextmanager
async def _echo(folder: Path) -> AsyncIterator[str]:
    async with bare_nats(folder) as url:
        echo = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.echo", url, stdout=asyncio.subprocess.PIPE
        )
        assert echo.stdout is not None
        await echo.stdout.readline()
        yield url
        echo.kill()
        await echo.wait()


def _fsync(folder: Path) -> float:
    """Milliseconds until 4 KiB more are on the disk."""
    taken = []
    with (folder / "probe").open("wb") as file:
        for _ in range(100):
            file.write(bytes(4096))
            file.flush()
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)
