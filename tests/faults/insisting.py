"""Asking until there is an answer: whoever is asked may just have died."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.connected import NoReply

_PAUSE = 0.05
R = TypeVar("R")


async def insist(ask: Callable[[], Awaitable[R]]) -> R:
    """The first answer that isn't `failed`; raises TimeoutError after half a minute."""
    async with asyncio.timeout(30):
        while True:
            try:
                reply = await ask()
            except NoReply:
                await asyncio.sleep(_PAUSE)
                continue
            if getattr(reply, "status", "") != "failed":
                return reply
