"""Durable commands of one aggregate are decided in their order, and none waits for ever."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from nats.aio.client import Client as Connection
from nats.js.manager import JetStreamManager

from services.supervisor import Supervisor
from services.token.commands import CreateToken
from services.token.domain import LIMIT
from shared import clock
from shared.client import Client
from shared.headers import encode
from shared.horizon import PATIENCE
from shared.names import iso
from shared.subjects import EVENTS, Address
from tests.flows import acting
from tests.flows.acting import ANN
from tests.flows.queueing import none_waits, noted, notes, put, put_tokens, stopped


@asynccontextmanager
async def unseen(house: Supervisor, wire: Connection, app_key: str) -> AsyncIterator[str]:
    """An app of which the token service sees nothing meanwhile; gives the position of its event."""
    manager = JetStreamManager(wire)
    await manager.pause_consumer(EVENTS, "token_listing", iso(clock.now() + timedelta(hours=1)))
    try:
        async with await Client.open(house.url, ANN) as other, acting.served(other, app_key):
            yield f"listing/listing/{app_key}@1"
    finally:
        await manager.resume_consumer(EVENTS, "token_listing")


async def test_the_queue_is_decided_in_its_order(house: Supervisor, client: Client) -> None:
    app_key = "com.example.ordered"
    await acting.list_app(client, app_key)
    with stopped(house, "token"):
        await put_tokens(client, app_key, notes(1, 30))
    assert await noted(client, app_key, 30) == notes(1, 30)


async def test_what_was_given_to_a_process_that_died_goes_before_what_came_later(
    house: Supervisor, client: Client
) -> None:
    app_key = "com.example.died"
    await acting.list_app(client, app_key)
    pid = house.pid("token")
    with stopped(house, "token"):
        await put_tokens(client, app_key, notes(1, 20))
        os.kill(pid, signal.SIGKILL)
        await put_tokens(client, app_key, notes(21, 40))
        while house.pid("token") == pid or await client.health("token") is None:
            await asyncio.sleep(0.02)
    assert await noted(client, app_key, 40) == notes(1, 40)


async def test_a_command_that_waits_is_not_passed_by_others_for_its_app(
    house: Supervisor, client: Client, wire: Connection
) -> None:
    waits, goes = "com.example.waits", "com.example.goes"
    for app_key in (waits, goes):
        await acting.list_app(client, app_key)
    first = CreateToken(app_key=waits, note="1")
    subject = str(Address.of("que", first, ANN))
    async with unseen(house, wire, f"{waits}-later") as position:
        after = encode({"ce-after": position})
        await wire.jetstream().publish(subject, first.as_json.encode(), headers=after)
        await put_tokens(client, waits, notes(2, 300))
        await put_tokens(client, goes, notes(1, 5))
        assert await noted(client, goes, 5) == notes(1, 5)
        await asyncio.sleep(PATIENCE * 1.5)
        assert await acting.tokens_of(client, waits) == []
    assert await noted(client, waits, LIMIT) == notes(1, LIMIT)


async def test_what_comes_after_something_that_never_happened_holds_nobody_up(
    client: Client, wire: Connection
) -> None:
    app_key = "com.example.never"
    await acting.list_app(client, app_key)
    asked = CreateToken(app_key=app_key)
    subject, body = str(Address.of("que", asked, ANN)), asked.as_json.encode()
    never = f"listing/listing/{app_key}@1000"
    replies = await asyncio.gather(
        *(put(wire, subject, body, id=f"never-{n}", after=never) for n in range(3))
    )
    assert {(reply["status"], reply["code"]) for reply in replies} == {
        ("refused", "unknown-position")
    }
    assert replies[0]["data"] == {"position": never}
    await none_waits(wire)
    assert await acting.tokens_of(client, app_key) == []


async def test_its_deadline_passes_also_while_it_waits_for_what_happened_elsewhere(
    house: Supervisor, client: Client, wire: Connection
) -> None:
    app_key = "com.example.unseen"
    await acting.list_app(client, app_key)
    asked = CreateToken(app_key=app_key)
    async with unseen(house, wire, f"{app_key}-later") as position:
        reply = await put(
            wire,
            str(Address.of("que", asked, ANN)),
            asked.as_json.encode(),
            expirytime=iso(clock.now() + timedelta(seconds=1)),
            after=position,
        )
    assert (reply["status"], reply["code"]) == ("failed", "deadline-passed")
