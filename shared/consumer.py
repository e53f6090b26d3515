"""Reading a JetStream consumer: messages are asked for ahead, none waits for a round trip."""

import asyncio
import json
from collections.abc import AsyncGenerator

from nats.aio.client import Client
from nats.aio.msg import Msg

AHEAD = 256
EXPIRES = 30.0
"""Seconds for which the server remembers that messages were asked for."""
HEARTBEAT = 2.0
"""Seconds after which an idle server says that it is there."""


class ConsumerGone(Exception):
    """The consumer or its stream doesn't exist, or the server lost it."""


async def messages(client: Client, stream: str, consumer: str) -> AsyncGenerator[Msg, None]:
    """The messages of a pull consumer, for ever; raises ConsumerGone."""
    arrived: asyncio.Queue[Msg] = asyncio.Queue()
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox, cb=arrived.put)
    credit = 0
    try:
        while True:
            if credit <= AHEAD // 2:
                await _ask(client, f"{stream}.{consumer}", AHEAD - credit, inbox)
                credit = AHEAD
            try:
                message = await _next(arrived)
            except TimeoutError:
                credit = 0  # the server forgot what was asked: it was restarted or is away
                continue
            status = (message.headers or {}).get("Status")
            if status is None:
                credit -= 1
                yield message
            elif status != "100":
                credit -= await _unserved(message)
    finally:
        if not client.is_closed:
            await subscription.unsubscribe()


async def _next(arrived: asyncio.Queue[Msg]) -> Msg:
    """The next message; raises TimeoutError when not even a heartbeat comes.

    `next_msg` of the client sets a timer for each message; here one is set only to wait.
    """
    if not arrived.empty():
        return arrived.get_nowait()
    async with asyncio.timeout(HEARTBEAT * 2.5):
        return await arrived.get()


async def _ask(client: Client, consumer: str, batch: int, inbox: str) -> None:
    wish = {
        "batch": batch,
        "expires": int(EXPIRES * 1e9),
        "idle_heartbeat": int(HEARTBEAT * 1e9),
    }
    await client.publish(
        f"$JS.API.CONSUMER.MSG.NEXT.{consumer}", json.dumps(wish).encode(), reply=inbox
    )


async def _unserved(status: Msg) -> int:
    """How many messages that were asked for won't come."""
    headers = status.headers or {}
    description = headers.get("Description", "").lower()
    if headers["Status"] == "503" or "deleted" in description:
        raise ConsumerGone(description or "no responders")
    if headers["Status"] == "409":
        await asyncio.sleep(0.1)
    return int(headers.get("Nats-Pending-Messages", "0"))
