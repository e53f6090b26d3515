"""A server that was started again forgot what it was asked, and is asked again at once."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import nats
import nats.errors
import pytest
from nats.aio.client import Client as Connection
from nats.aio.msg import Msg

from shared import consumer, relay
from shared.broker import provision
from shared.outbox import EventLog
from shared.pipeline import Pipeline
from shared.sqlite import open_sqlite
from shared.store import Store
from shared.subjects import EVENTS
from shared.tasks import end
from tests.flows.conftest import Server
from tests.flows.test_relay import OWN, happen

NEVER = 3600.0
"""Seconds that no test takes."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server that runs."""
    started = Server(tmp_path)
    await started.start()
    yield started
    await started.kill()


@pytest.fixture
async def connection(server: Server) -> AsyncIterator[Connection]:
    """A connection that waits for its server, with the streams and a consumer there."""
    options = {"max_reconnect_attempts": -1, "reconnect_time_wait": 0.1}
    opened = await nats.connect(server.url, **options)
    await provision(opened.jetstream(), [(EVENTS, "token_listing", OWN)])
    yield opened
    await opened.close()


async def published(connection: Connection, text: str) -> None:
    """Publish until the server has it."""
    while True:
        try:
            await connection.jetstream().publish("evt.listing.x.y", text.encode(), timeout=1)
        except nats.errors.Error:
            await asyncio.sleep(0.1)
        else:
            return


async def test_a_reader_gets_what_comes_after_its_server_was_started_again(
    server: Server, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "HEARTBEAT", NEVER)
    monkeypatch.setattr(consumer, "EXPIRES", 3 * NEVER)
    await published(connection, "before")
    publishing: asyncio.Task[None] | None = None
    reading = consumer.messages(connection, EVENTS, "token_listing", lambda: 0)
    async with asyncio.timeout(20), aclosing(reading) as delivered:
        message: Msg
        async for message in delivered:
            await message.ack()
            if message.data == b"after":
                break
            if publishing is None:
                await server.kill()
                await server.start()
                publishing = asyncio.create_task(published(connection, "after"))
    assert publishing is not None
    await publishing


async def held(connection: Connection, count: int) -> None:
    """Wait until the stream holds so many messages."""
    async with asyncio.timeout(20):
        while (await connection.jetstream().stream_info(EVENTS)).state.messages != count:
            await asyncio.sleep(0.05)


async def test_a_relay_that_waits_for_a_server_that_died_goes_on_with_the_next(
    server: Server, connection: Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(relay, "_TIMEOUT", NEVER)
    ask, asked = relay._asked, asyncio.Event()

    async def asking(*given: Any) -> int:
        asked.set()
        return await ask(*given)

    monkeypatch.setattr(relay, "_asked", asking)
    store = Store("listing", open_sqlite(tmp_path / "listing.sqlite"))
    pipeline = Pipeline(store, {})
    working = relay.Relay(EventLog(store), pipeline, pipeline.committed)
    running = asyncio.create_task(working.run(connection))
    happen(store, "first")
    await held(connection, 1)
    server.process.send_signal(signal.SIGSTOP)
    asked.clear()
    happen(store, "second")
    await asked.wait()
    await server.kill()
    await server.start()
    await held(connection, 2)
    await end(running)
    pipeline.close()
