"""A server that was started again forgot what it was asked: who waits for it has to ask again."""

import asyncio

from nats.aio.client import Client

_LOOK = 0.1
"""Seconds until it is looked again: a client tells one listener alone that it is back."""


async def reconnected(client: Client) -> None:
    """Wait until a client has lost its server and found one again."""
    before = client.stats["reconnects"]
    while client.stats["reconnects"] == before or not client.is_connected:
        await asyncio.sleep(_LOOK)
