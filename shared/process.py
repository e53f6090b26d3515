"""A process: a policy with memory, whose steps may take long and are done again after a crash."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress

from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.consumer import messages
from shared.published import Published
from shared.subjects import EVENTS

logger = logging.getLogger(__name__)

AT_ONCE = 32
_ALIVE = 2.0
"""Seconds after which the server is told that a step still goes on."""
_RETRY = 1.0
"""Seconds until a step that failed is tried again."""

Step = Callable[[Published], Awaitable[None]]


class Process:
    """Does a step for each event of `origin`; steps of different events run side by side.

    An event is acknowledged after its step; a step that raised is tried again.
    """

    def __init__(self, consumer: str, origin: str, step: Step) -> None:
        self.stream = EVENTS
        self.consumer = consumer
        self.subjects = f"evt.{origin}.>"
        self._step = step
        self._free = asyncio.Semaphore(AT_ONCE)

    async def run(self, client: Client) -> None:
        """Do steps for ever; raises ConsumerGone, in a group."""
        async with (
            asyncio.TaskGroup() as group,
            aclosing(messages(client, EVENTS, self.consumer)) as delivered,
        ):
            async for message in delivered:
                await self._free.acquire()
                task = group.create_task(self._take(message))
                task.add_done_callback(lambda _: self._free.release())

    async def _take(self, message: Msg) -> None:
        step = asyncio.ensure_future(self._step(Published.read(message.headers, message.data)))
        try:
            while not step.done():
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(step), _ALIVE)
                    break
                await message.in_progress()
            await message.ack()
        except Exception:
            logger.exception("the step for %s failed", message.subject)
            await message.nak(delay=_RETRY)
        finally:
            step.cancel()
