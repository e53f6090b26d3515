"""What tests of durable commands share."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nats.aio.client import Client as Connection

from services.supervisor import Supervisor
from services.token.commands import CreateToken
from shared.client import Client
from shared.headers import encode
from shared.requests import REPLY_TO
from shared.subjects import COMMANDS
from tests.flows import acting
from tests.flows.acting import ANN


@contextmanager
def stopped(house: Supervisor, service: str) -> Iterator[None]:
    """Meanwhile the service does nothing."""
    os.kill(house.pid(service), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(house.pid(service), signal.SIGCONT)


async def waiting(wire: Connection) -> int:
    """How many commands are kept."""
    return (await wire.jetstream().stream_info(COMMANDS)).state.messages


async def none_waits(wire: Connection) -> None:
    """Wait until all are decided."""
    async with asyncio.timeout(10):
        while await waiting(wire):
            await asyncio.sleep(0.02)


async def put(wire: Connection, subject: str, body: bytes, **attributes: str) -> Any:
    """Put something into the queue by hand; gives what its inbox gets."""
    inbox = wire.new_inbox()
    replies = await wire.subscribe(inbox)
    told = encode({REPLY_TO: inbox} | {f"ce-{name}": text for name, text in attributes.items()})
    await wire.jetstream().publish(subject, body, headers=told)
    return json.loads((await replies.next_msg(timeout=10)).data)


def notes(first: int, last: int) -> list[str]:
    """Of tokens that are made in that order."""
    return [str(number) for number in range(first, last + 1)]


async def put_tokens(client: Client, app_key: str, wanted: list[str]) -> None:
    """Let a token be made for each note."""
    for note in wanted:
        await client.enqueue(CreateToken(app_key=app_key, note=note), actor=ANN)


async def noted(client: Client, app_key: str, count: int) -> list[str]:
    """The notes of an app's tokens, once there are so many."""
    async with asyncio.timeout(20):
        while len(tokens := await acting.tokens_of(client, app_key)) < count:
            await asyncio.sleep(0.05)
    return [row["note"] for row in tokens]
