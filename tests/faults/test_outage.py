"""While NATS or the database is away services wait and say so; then they go on by themselves."""

import asyncio
import json
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from typing import Any

import nats
import pytest

from services.contract import SERVICES
from services.installation.commands import InstallApp
from services.installation.events import AppInstalled, InstallFailed
from services.listing.commands import RegisterPartner
from services.token.commands import CreateToken
from services.token.events import MembersSeen
from shared.client import Client, NoReply
from shared.headers import encode
from shared.messages import Accepted, Event, Failed, Reply
from tests.clients.command import guestlist
from tests.faults import live
from tests.faults.conftest import SIZE
from tests.faults.house import FaultyHouse
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted

AWAY = {"some": 6, "short": 20, "long": 180}[SIZE]
"""Seconds."""
APP = "com.example.outage"
MEANWHILE = RegisterPartner(partner_id="meanwhile", organisation="Meanwhile")
BACK = 10.0
"""Seconds within which everything works again."""


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FaultyHouse]:
    """A house with an app and a site."""
    async with (
        FaultyHouse(tmp_path_factory.mktemp("outage") / "house") as running,
        await Client.open(running.url, "tester") as client,
    ):
        await acting.list_app(client, APP)
        await acting.make_site(client, "outage")
        yield running
        await running.until_up()
        await acting.quiet(running)
        assert await live.differences(running.data, client) == []


@pytest.fixture
async def client(house: FaultyHouse) -> AsyncIterator[Client]:
    """A client that gives up after a second."""
    async with await Client.open(house.url, ANN, timeout=1) as opened:
        yield opened


async def until_ready(house: FaultyHouse, since: float) -> None:
    """Wait until every service says that it is ready, not long after that time."""
    async with asyncio.timeout(BACK - (time.monotonic() - since)):
        while any(house.health(service).status != "ready" for service in SERVICES):
            await asyncio.sleep(0.1)


def decided(house: FaultyHouse, service: str, start: str) -> int:
    """How many commands with such an id were decided."""
    with closing(sqlite3.connect(house.data / f"{service}.sqlite")) as store:
        told = "SELECT count(*) FROM command_log WHERE command_id LIKE ?"
        return int(store.execute(told, (f"{start}%",)).fetchone()[0])


def _partner(number: int) -> RegisterPartner:
    return RegisterPartner(partner_id=f"away-{number}", organisation="Away")


def history(house: FaultyHouse, service: str, aggregate: str) -> list[Event]:
    """What happened to an aggregate."""
    store = acting.store(house, service)
    return [store.mapper.to_event(row) for row in store.recorder.select_events(aggregate)]


@pytest.mark.timeout(AWAY + 180)
async def test_while_nats_is_away_services_wait_say_so_and_go_on(
    house: FaultyHouse, client: Client
) -> None:
    _, link = await acting.make_token(client, APP)
    installing = await accepted(client, BOB, InstallApp(site_id="outage", url=link))
    asked, lags = 0, []
    async with house.away("nats"):
        begun = time.monotonic()
        while time.monotonic() - begun < AWAY:
            with pytest.raises(NoReply):
                await client.send(_partner(asked), command_id=f"away-{asked}")
            asked += 1
            if time.monotonic() - begun > 5:
                told = [house.health(service) for service in SERVICES]
                assert all("NATS is away" in health.why for health in told), told
                lags += [health.loop_lag for health in told]
        doctor = await guestlist("doctor", settings={"GUESTLIST_DATA": str(house.data)})
        assert "token isn't ready: NATS is away" in doctor.out
    back = time.monotonic()
    await until_ready(house, back)
    assert max(lags) < 0.25
    await acting.quiet(house, seconds=BACK)
    assert decided(house, "listing", "away-") == 0, "who asked had given up"
    for number in range(asked):
        reply = await client.send(_partner(number), command_id=f"away-{number}")
        assert isinstance(reply, Accepted)
        assert not reply.repeated
    (ending,) = [
        event
        for event in history(house, "installation", "site/outage")
        if isinstance(event, AppInstalled | InstallFailed)
    ]
    assert isinstance(ending, AppInstalled) or (AWAY > 60 and ending.code == "install-timeout")
    assert house.ended == []
    assert installing.status == "accepted"


@pytest.mark.timeout(AWAY + 180)
async def test_while_the_database_is_away_commands_fail_and_may_be_sent_again(
    house: FaultyHouse, client: Client
) -> None:
    connection, lags = await nats.connect(house.url), []

    async def ask(number: int) -> Any:
        told = encode({"ce-id": f"locked-{number}"})
        subject, body = f"cmd.token.CreateToken.{APP.replace('.', ':')}.ann", {"app_key": APP}
        return json.loads(
            (await connection.request(subject, json.dumps(body).encode(), 8, headers=told)).data
        )

    with closing(sqlite3.connect(house.data / "token.sqlite", isolation_level=None)) as store:
        store.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        await accepted(client, ANN, MEANWHILE)
        while time.monotonic() - begun < AWAY:
            replies = await asyncio.gather(*(ask(number) for number in range(20)))
            assert {(row["status"], row["code"]) for row in replies} == {("failed", "unavailable")}
            if time.monotonic() - begun > 5:
                health = house.health("token")
                assert "the store doesn't answer" in health.why[0]
                lags.append(health.loop_lag)
        store.execute("ROLLBACK")
    back = time.monotonic()
    replies = await asyncio.gather(*(ask(number) for number in range(20)))
    assert {row["status"] for row in replies} == {"accepted"}
    await connection.close()
    await until_ready(house, back)
    assert max(lags) < 0.25
    await acting.quiet(house, seconds=BACK)
    assert decided(house, "token", "locked-") == 20
    (followed,) = history(house, "token", f"copy/partner/{MEANWHILE.partner_id}")
    assert isinstance(followed, MembersSeen)
    assert house.ended == []


async def test_a_service_that_is_told_to_end_leaves_nothing_half_done(
    house: FaultyHouse, client: Client
) -> None:
    async def create(number: int) -> Reply:
        while True:
            with suppress(NoReply):
                reply = await client.send(CreateToken(app_key=APP), command_id=f"drained-{number}")
                if not isinstance(reply, Failed):
                    return reply
            await asyncio.sleep(0.1)

    asking = [asyncio.create_task(create(number)) for number in range(100)]
    await asyncio.sleep(0.02)
    os.kill(house.pid("token"), signal.SIGTERM)
    async with asyncio.timeout(BACK):
        while not house.ended:
            await asyncio.sleep(0.02)
    replies = await asyncio.gather(*asking)
    assert {getattr(reply, "code", "accepted") for reply in replies} <= {
        "accepted",
        "token-limit-reached",
    }
    assert decided(house, "token", "drained-") == 100
    assert house.ended == ["token ended with 0, starting it again"]
