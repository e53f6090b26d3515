"""The disk of NATS fills up: what is decided is kept, the house says so, and mends itself.

A server that couldn't write to a stream never tries again: making room doesn't heal it.
"""

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from services.token.commands import CreateToken
from services.token.events import TokenCreated
from shared.client import Client
from tests.faults.conftest import size
from tests.faults.house import FaultyHouse
from tests.faults.power_cut import NotHere, blank, mounted
from tests.flows import acting
from tests.flows.acting import ANN, accepted

APP = "com.example.full-disk"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[FaultyHouse]:
    """A house with an app."""
    async with FaultyHouse(tmp_path / "house") as running:
        async with await Client.open(running.url, "tester") as client:
            await acting.list_app(client, APP)
        await acting.quiet(running)
        yield running


async def test_a_nats_that_could_not_write_is_started_again(house: FaultyHouse) -> None:
    with no_file_grows(house.pid("nats")):
        await decide(house)
    await expect_all_told(house)


@size("long")
async def test_a_nats_whose_disk_was_full_is_started_again_when_there_is_room(
    tmp_path: Path,
) -> None:
    image, data = tmp_path / "disk", tmp_path / "house"
    (data / "nats").mkdir(parents=True)
    try:
        blank(image)
        with mounted(image, data / "nats") as disk:
            async with FaultyHouse(data) as house:
                async with await Client.open(house.url, "tester") as client:
                    await acting.list_app(client, APP)
                await acting.quiet(house)
                with full(disk):
                    await decide(house)
                    await expect_trouble(house)
                    assert all("started again" in told for told in house.ended), "it waits for room"
                await expect_all_told(house)
    except NotHere as error:
        pytest.skip(f"NOT RUN, this machine can't mount a disk: {error}")


@contextmanager
def no_file_grows(pid: int) -> Iterator[None]:
    """Meanwhile a process can't write more than there is."""
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, usual[1]))
    yield
    with suppress(ProcessLookupError):  # it was started again
        resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Meanwhile nothing can be written there."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    filler.unlink()


async def decide(house: FaultyHouse) -> None:
    """Services decide as ever."""
    async with await Client.open(house.url, ANN, timeout=5) as client:
        for _ in range(3):
            await accepted(client, ANN, CreateToken(app_key=APP))


async def expect_trouble(house: FaultyHouse) -> None:
    """Services say that their events wait, and what to do."""
    async with asyncio.timeout(15):
        while not house.health("token").why:
            await asyncio.sleep(0.1)
    (why,) = house.health("token").why
    assert why.startswith("EVENTS doesn't take messages")
    assert why.endswith("if its disk was full, make room and start NATS again")


async def expect_all_told(house: FaultyHouse) -> None:
    """All that was decided meanwhile comes, each event once."""
    async with asyncio.timeout(20):
        while not any(told.startswith("nats ended") for told in house.ended):
            await asyncio.sleep(0.1)
    await acting.quiet(house, seconds=20)
    async with await Client.open(house.url, "tester") as client:
        told = [
            row.position.version
            async for row in client.events(follow=False)
            if row.topic == TokenCreated.TOPIC
        ]
    assert told == [3, 4, 5]
    async with asyncio.timeout(5):
        while house.health("token").why:
            await asyncio.sleep(0.1)
