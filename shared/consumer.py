"""Reading a JetStream consumer: messages are asked for ahead, none waits for a round trip."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import api

from shared.reconnecting import reconnected
from shared.tasks import end

AHEAD = 256
EXPIRES = 5.0
"""Seconds for which the server remembers that messages were asked for: so long a process that is
stopped, but not gone, is given some."""
HEARTBEAT = 2.0
"""Seconds after which an idle server says that it is there."""
GROUP = "instances"
"""Those who ask one consumer."""
RANKS = 10
"""The server tells so many apart."""


@dataclass
class InOrder(api.ConsumerConfig):
    """One asker at a time gets the messages, so that they are handled in their order.

    Source: policy `prioritized` of ADR-42 of NATS, from version 2.12 of the server on.
    """

    priority_groups: tuple[str, ...] = (GROUP,)
    priority_policy: str = "prioritized"


class ConsumerGone(Exception):
    """The consumer or its stream doesn't exist, or the server lost it."""


async def messages(
    client: Client,
    stream: str,
    consumer: str,
    rank: Callable[[], int] | None = None,
    *,
    gather: float = 0.0,
) -> AsyncGenerator[Msg, None]:
    """The messages of a pull consumer, for ever; raises ConsumerGone.

    `gather`: what comes in so many seconds after the first message is given in the order of the
    stream. What somebody else was given comes in the order in which the server took it back.
    `rank`: of those who ask a consumer that is made `InOrder`, the one with the least gets all
    messages, and the next one as soon as that one is gone; those with the same share them.
    """
    arrived: asyncio.Queue[Msg | None] = asyncio.Queue()
    inbox = client.new_inbox()
    subscription = await client.subscribe(inbox, cb=arrived.put)
    looking = asyncio.create_task(_tell_reconnects(client, arrived))
    credit = 0
    try:
        while True:
            if credit <= AHEAD // 2:
                await _ask(client, f"{stream}.{consumer}", AHEAD - credit, inbox, rank and rank())
                credit = AHEAD
            message = await _next(arrived)
            if message is None:
                credit = 0
                continue
            status = _status(message)
            if status is None and gather:
                await asyncio.sleep(gather)
                gather = 0.0
                message = _in_order(message, arrived)
            if status is None:
                credit -= 1
                yield message
            elif status != "100":
                credit -= await _unserved(status, message)
    finally:
        await end(looking)
        if not client.is_closed:
            await subscription.unsubscribe()


async def _next(arrived: asyncio.Queue[Msg | None]) -> Msg | None:
    """The next message; None when the server forgot what was asked, or not even a heartbeat comes.

    `next_msg` of the client sets a timer for each message; here one is set only to wait.
    """
    if not arrived.empty():
        return arrived.get_nowait()
    try:
        async with asyncio.timeout(HEARTBEAT * 2.5):
            return await arrived.get()
    except TimeoutError:
        return None


def _in_order(message: Msg, arrived: asyncio.Queue[Msg | None]) -> Msg:
    """The first of a message and those that arrived by now; the others are put back, sorted."""
    came: list[Msg] = [message]
    others: list[Msg | None] = []
    while not arrived.empty():
        row = arrived.get_nowait()
        if row is None or _status(row):
            others.append(row)
        else:
            came.append(row)
    first, *later = sorted(came, key=_sequence)
    for row in (*later, *others):
        arrived.put_nowait(row)
    return first


def _sequence(message: Msg) -> int:
    return message.metadata.sequence.stream


async def _tell_reconnects(client: Client, arrived: asyncio.Queue[Msg | None]) -> None:
    while True:
        await reconnected(client)
        arrived.put_nowait(None)


async def _ask(client: Client, consumer: str, batch: int, inbox: str, rank: int | None) -> None:
    wish: dict[str, int | str] = {
        "batch": batch,
        "expires": int(EXPIRES * 1e9),
        "idle_heartbeat": int(HEARTBEAT * 1e9),
    }
    if rank is not None:
        wish |= {"group": GROUP, "priority": rank}
    await client.publish(
        f"$JS.API.CONSUMER.MSG.NEXT.{consumer}", json.dumps(wish).encode(), reply=inbox
    )


def _status(message: Msg) -> str | None:
    """What the server says of itself; None for a message of the stream, whatever its headers say.

    By its reply subject a message of the stream is acknowledged.
    """
    return None if message.reply else (message.headers or {}).get("Status")


async def _unserved(status: str, message: Msg) -> int:
    """How many messages that were asked for won't come."""
    headers = message.headers or {}
    description = headers.get("Description", "").lower()
    if status == "503" or "deleted" in description:
        raise ConsumerGone(description or "no responders")
    if status == "409":
        await asyncio.sleep(0.1)
    return int(headers.get("Nats-Pending-Messages", "0"))
