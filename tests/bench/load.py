"""Many callers at once, in this process, each of which waits for a reply and asks again."""

import asyncio
import json
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import nats
from nats.aio.client import Client

SECONDS = 4.0
Call = Callable[[Client], Awaitable[Any]]


class Load(NamedTuple):
    """What came of it."""

    calls: int
    rate: float
    """Calls in a second."""
    median: float
    """Milliseconds that a caller waited."""


async def load(
    url: str, callers: int, call: Call, *, rate: float | None = None, seconds: float = SECONDS
) -> Load:
    """Call for some seconds; with a rate, no more often than so many times a second."""
    client = await nats.connect(url)
    waited: list[float] = []
    begin = time.monotonic()

    async def caller(number: int) -> None:
        due = begin + (0 if rate is None else number / rate)
        while (now := time.monotonic()) < begin + seconds:
            if due > now:
                await asyncio.sleep(due - now)
            if rate is not None:
                due += callers / rate
            begun = time.perf_counter()
            await call(client)
            waited.append((time.perf_counter() - begun) * 1000)

    await asyncio.gather(*map(caller, range(callers)))
    await client.close()
    return Load(len(waited), len(waited) / seconds, statistics.median(waited))


async def ask(client: Client, subject: str, body: object) -> dict[str, Any]:
    """The reply to a request."""
    reply = await client.request(subject, json.dumps(body).encode(), 30)
    told: dict[str, Any] = json.loads(reply.data)
    return told


async def register(client: Client) -> str:
    """Register a new partner, so that each command has an aggregate of its own."""
    name = uuid.uuid4().hex
    body = {"partner_id": name, "organisation": "Example"}
    reply = await ask(client, f"cmd.listing.RegisterPartner.{name}.ann", body)
    assert reply["status"] == "accepted", reply
    return str(reply["position"])


APP, MEMBER = "com.example.hot", "ann"


async def make_and_remove(client: Client) -> None:
    """Make a token of one app and remove it."""
    subject = f"cmd.token.{{}}.{APP.replace('.', ':')}.{MEMBER}"
    made = await ask(client, subject.format("CreateToken"), {"app_key": APP})
    removed = {"app_key": APP, "token_id": made["result"]["token_id"]}
    reply = await ask(client, subject.format("RemoveToken"), removed)
    assert reply["status"] == "accepted", reply
