"""What becomes of rate, start and memory when a house has long been in use, or is watched."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

import nats
from nats.aio.client import Client

from services.contract import SERVICES
from services.supervisor import Supervisor
from services.token.queries import ListTokens
from shared.subjects import EVENTS, Address
from tests.bench.commands import HOT
from tests.bench.load import APP, MEMBER, load, make_and_remove, register
from tests.bench.places import house
from tests.bench.rows import Row
from tests.bench.stores import token_store

TURNS = 3
WATCHERS = 50
FEW, MANY = 1_000, 100_000
"""Commands before memory is looked at, and looked at again."""
MOST = 120.0
"""MB that a service may have."""


def rows() -> Iterator[Row]:
    """All rows of this kind; the floor is the house itself when it was small, or unwatched."""
    yield from asyncio.run(_all())


async def _all() -> list[Row]:
    return [row async for row in _rows()]


async def _rows() -> AsyncIterator[Row]:
    fills = token_store(all_=1_000), token_store(all_=1_000_000), token_store(app=10_000)
    async with AsyncExitStack() as stack:
        places = [await stack.enter_async_context(house(["token"], before=fill)) for fill in fills]
        for place in places:
            await _warm(place.url)
        turns = [[await _pairs(place.url) for place in places] for _ in range(TURNS)]
        small, large, long = (median(rates) for rates in zip(*turns, strict=True))
        starts = [[await _start(place) for place in places[:2]] for _ in range(TURNS)]
        quick, slow = (median(taken) for taken in zip(*starts, strict=True))
    name = "pairs of commands with 1,000,000 events in the store, 1/s"
    yield Row(name, large, small, "itself with 1,000", 0.9 * small, "higher")
    name = "from the end of a process to its first answer, 1,000,000 events, ms"
    yield Row(name, slow, quick, "itself with 1,000", 1.3 * quick, "lower")
    name = "pairs of commands for an app of 10,000 events, 1/s"
    yield Row(name, long, small, "itself with 10", 0.9 * small, "higher")
    watched, alone = await _watched()
    name = f"commands with {WATCHERS} subscribers to an app each, two services follow, 1/s"
    yield Row(name, watched, alone, "itself with none", 0.9 * alone, "higher")
    async with house() as whole:
        await _decide(whole.url, FEW)
        before = _megabytes(whole)
        await _decide(whole.url, MANY - FEW)
        after = _megabytes(whole)
    for service in SERVICES:
        name, floor = f"memory of {service} after {MANY:,} commands, MB", before[service]
        goal = min(1.2 * floor, MOST)
        yield Row(name, after[service], floor, f"itself after {FEW:,}", goal, "lower")


async def _warm(url: str) -> None:
    """Let the history of the app be loaded."""
    client = await nats.connect(url)
    await make_and_remove(client)
    await client.close()


async def _pairs(url: str) -> float:
    return (await load(url, HOT, make_and_remove)).rate


async def _start(place: Supervisor) -> float:
    """Milliseconds until the token service answers after it was killed."""
    client = await nats.connect(place.url)
    begun = time.perf_counter()
    os.kill(place.pid("token"), signal.SIGKILL)
    await _until_answered(client)
    taken = (time.perf_counter() - begun) * 1000
    await client.close()
    return taken


async def _watched() -> tuple[float, float]:
    watched, alone = [], []
    async with house() as whole:
        for _ in range(TURNS):
            alone.append((await load(whole.url, 64, register)).rate)
            watchers = await _watchers(whole.url)
            watched.append((await load(whole.url, 64, register)).rate)
            watchers.kill()
            await watchers.wait()
    return median(watched), median(alone)


async def _until_answered(client: Client) -> None:
    listing = ListTokens(app_key=APP)
    subject = str(Address.of("qry", listing, MEMBER))
    while True:
        try:
            await client.request(subject, listing.as_json.encode(), timeout=0.1)
        except nats.errors.NoRespondersError:
            await asyncio.sleep(0.01)
        except nats.errors.TimeoutError:
            continue  # it had been given to the process that was killed
        else:
            return


async def _decide(url: str, count: int) -> None:
    left = iter(range(count))
    client = await nats.connect(url)

    async def caller() -> None:
        for _ in left:
            await register(client)

    await asyncio.gather(*(caller() for _ in range(64)))
    await client.close()
    await asyncio.sleep(3)  # until the others have followed


def _megabytes(place: Supervisor) -> dict[str, float]:
    page = os.sysconf("SC_PAGE_SIZE")
    return {
        service: int(Path(f"/proc/{place.pid(service)}/statm").read_text().split()[1]) * page / 1e6
        for service in SERVICES
    }


async def _watchers(url: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.growth", url, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    return process


async def watch(url: str) -> None:
    """Subscribe to an app with each subscription, until killed."""
    client = await nats.connect(url)
    for number in range(WATCHERS):
        subject = f"evt.*.*.com:example:app-{number}"
        stream = client.jetstream()
        await stream.subscribe(subject, stream=EVENTS, ordered_consumer=True, cb=_nothing)
    print("ready", flush=True)  # noqa: T201  # its parent waits for it
    await asyncio.Event().wait()


async def _nothing(_: object) -> None:
    """Take an event."""


if __name__ == "__main__":
    asyncio.run(watch(sys.argv[1]))
