"""A process: a policy with memory, whose steps may take long and are done again after a crash."""

import json
import logging
from collections import Counter
from typing import Protocol

from nats.aio.client import Client
from nats.aio.msg import Msg

from shared.dead_letters import Letter, Unreadable
from shared.errors import Unavailable
from shared.follower import Follower
from shared.pipeline import Pipeline
from shared.published import Published
from shared.subjects import EVENTS

logger = logging.getLogger(__name__)

AT_ONCE = 32
_RETRY = 1.0
"""Seconds until a step for which something is away is tried again."""


class Steps(Protocol):
    """What a process does after events."""

    async def step(self, published: Published) -> None:
        """Do what comes after an event; raises Unavailable when it has to be tried again."""
        ...

    async def give_up(self, published: Published) -> None:
        """End what waits for a step that is never done."""
        ...


class Process(Follower):
    """Does a step for each event of `origin`; steps of different events run side by side.

    An event is acknowledged after its step. A step that raised is tried again: for ever while
    something is Unavailable, otherwise until it is given up on.
    """

    def __init__(self, consumer: str, origin: str, steps: Steps, pipeline: Pipeline) -> None:
        super().__init__(EVENTS, consumer, f"evt.{origin}.>", pipeline)
        self._steps = steps
        self._failures: Counter[int] = Counter()
        """How often the step for a message failed; that it waited doesn't count."""

    async def run(self, client: Client) -> None:
        """Do steps for ever; raises ConsumerGone, in a group."""
        await self.side_by_side(client, AT_ONCE, self._take)

    async def redeliver(self, letter: Letter) -> None:
        """Do the step of a letter."""
        await self._steps.step(Published.read(json.loads(letter.headers), letter.body))

    async def discard(self, letter: Letter) -> None:
        """Give up the step of a letter; what can't be read has none."""
        try:
            published = Published.read(json.loads(letter.headers), letter.body)
            published.event()
        except (KeyError, ValueError):
            return
        await self._steps.give_up(published)

    async def _take(self, message: Msg) -> None:
        try:
            published = Published.read(message.headers, message.data)
        except Exception as error:
            await self.failed(message, Unreadable(f"{type(error).__name__}: {error}"))
            return
        try:
            await self._steps.step(published)
        except Unavailable:
            logger.info("the step for %s waits", message.subject)
            await message.nak(delay=_RETRY)
        except Exception as error:
            await self._fail(message, error)
        else:
            await message.ack()
            self._failures.pop(message.metadata.sequence.stream, None)

    async def _fail(self, message: Msg, error: Exception) -> None:
        place = message.metadata.sequence.stream
        self._failures[place] += 1
        if await self.failed(message, error, self._failures[place]):
            del self._failures[place]
