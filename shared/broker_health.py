"""Whether a NATS server still stores, as it tells in its own account."""

import asyncio
import json

import nats.errors
from nats.aio.client import Client

_LOOK = 2.0
"""Seconds between two looks, and until an answer is late."""
_STUCK = "write error"
"""What the server says of a stream that it couldn't write to. Until it is started again it
doesn't try any more, and who publishes there waits in vain (seen with version 2.15)."""


async def until_stuck(url: str) -> str:
    """Wait until a stream can't be written to; gives what the server says of it."""
    client = Client()
    try:
        await client.connect(url, max_reconnect_attempts=-1, error_cb=_passed_over)
        while True:
            await asyncio.sleep(_LOOK)
            try:
                answer = await client.request("$SYS.REQ.SERVER.PING.HEALTHZ", timeout=_LOOK)
            except nats.errors.Error:
                continue  # it is away, or starts
            why = str(json.loads(answer.data)["data"].get("error", ""))
            if _STUCK in why:
                return why
    finally:
        await client.close()


async def _passed_over(_: Exception) -> None:
    """While the server is away it is waited for."""
