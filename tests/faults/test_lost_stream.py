"""A stream that is lost whole is filled again from the stores, as it was."""

import asyncio
import time
from pathlib import Path

import nats

from services.cli.output import line
from shared.client import Client, NoReply
from shared.published import Published
from shared.subjects import EVENTS
from tests.bench.stores import token_store
from tests.faults.conftest import SIZE
from tests.faults.house import FaultyHouse

COUNT = {"some": 1_000, "short": 1_000, "long": 100_000}[SIZE]
FILLED = 60.0
"""Seconds within which everything is there again."""


async def test_a_stream_that_is_lost_whole_is_filled_again_as_it_was(tmp_path: Path) -> None:
    house = FaultyHouse(tmp_path / "house")
    house.services = ["token"]
    token_store(app=COUNT)(house.data)
    async with house, await Client.open(house.url, "auditor") as auditor:
        before = await _filled(auditor)
        connection = await nats.connect(house.url)
        await connection.jetstream().delete_stream(EVENTS)
        await connection.close()
        begun = time.monotonic()
        after = await _filled(auditor)
        line(f"{len(after)} events were in the stream again after {time.monotonic() - begun:.1f} s")
    assert [event.sequence for event in after] == list(range(2, COUNT + 2))
    assert after == before


async def _filled(auditor: Client) -> list[Published]:
    """All events of the app, once they are in the stream."""
    async with asyncio.timeout(FILLED):
        while await _count(auditor) < COUNT:
            await asyncio.sleep(0.1)
    return [event async for event in auditor.events(follow=False)]


async def _count(auditor: Client) -> int:
    try:
        return await auditor.last()
    except NoReply:  # there is no stream yet
        return 0
