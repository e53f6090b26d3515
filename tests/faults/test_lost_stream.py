"""A stream that is lost whole is filled again from the stores, as it was."""

import asyncio
import time
from pathlib import Path

import nats

from services.cli.output import line
from services.listing.commands import RegisterPartner
from shared.client import Client, NoReply
from shared.published import Published
from shared.subjects import EVENTS
from tests.bench.stores import token_store
from tests.faults.conftest import SIZE
from tests.faults.house import FaultyHouse
from tests.flows import acting
from tests.flows.acting import ANN, accepted

APP = "com.example.lost"
COUNT = {"some": 1_000, "short": 1_000, "long": 100_000}[SIZE]
FILLED = 60.0
"""Seconds within which everything is there again."""
Told = dict[str, list[Published]]


async def test_a_long_stream_is_there_again_soon(tmp_path: Path) -> None:
    house = FaultyHouse(tmp_path / "house")
    house.services = ["token"]
    token_store(app=COUNT)(house.data)
    async with house, await Client.open(house.url, "auditor") as auditor:
        before = await _filled(house, auditor)
        await _lose(house)
        begun = time.monotonic()
        after = await _filled(house, auditor)
        line(f"{COUNT} events were there again and read after {time.monotonic() - begun:.1f} s")
    assert [event.sequence for event in after["token"]] == list(range(2, COUNT + 2))
    assert after == before


async def test_all_services_fill_it_again(tmp_path: Path) -> None:
    async with (
        FaultyHouse(tmp_path / "house") as house,
        await Client.open(house.url, "tester") as client,
    ):
        await acting.list_app(client, APP)
        await acting.make_site(client, "lost")
        await acting.make_token(client, APP)
        await acting.quiet(house)
        before = await _filled(house, client)
        assert all(before.values())
        await _lose(house)
        await accepted(client, ANN, RegisterPartner(partner_id="after", organisation="After"))
        after = await _filled(house, client)
    assert after["listing"].pop().position.aggregate == "partner/after"
    assert after == before


async def _lose(house: FaultyHouse) -> None:
    connection = await nats.connect(house.url)
    await connection.jetstream().delete_stream(EVENTS)
    await connection.close()


async def _filled(house: FaultyHouse, auditor: Client) -> Told:
    """All events by their service, once the stream has as many as the stores have to tell."""
    wanted = sum(_to_tell(house, service) for service in house.services)
    async with asyncio.timeout(FILLED):
        while await _count(auditor) < wanted:
            await asyncio.sleep(0.1)
    told: Told = {service: [] for service in house.services}
    async for event in auditor.events(follow=False):
        told[event.position.service].append(event)
    return told


def _to_tell(house: FaultyHouse, service: str) -> int:
    store = acting.store(house, service)
    return sum(store.mapper.to_event(row).PUBLISHED for row in store.log_after(0, 1_000_000))


async def _count(auditor: Client) -> int:
    try:
        return await auditor.last()
    except NoReply:  # there is no stream yet
        return 0
