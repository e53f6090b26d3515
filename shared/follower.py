"""A follower: something that takes what a durable consumer brings, and gives some of it up."""

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Coroutine
from contextlib import aclosing
from functools import partial
from typing import Any, ClassVar

from eventsourcing.persistence import PersistenceError
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import clock
from shared.consumer import RANKS, messages
from shared.dead_letters import ATTEMPTS, Letter, Unreadable, WaitsBehind
from shared.pipeline import Pipeline
from shared.store import store_fails

logger = logging.getLogger(__name__)

_ALIVE = 2.0
"""Seconds after which the server is told again what is still worked on."""


class Follower(ABC):
    """What all followers share: where their messages come from, and how one fails."""

    DELAYS: ClassVar = (0.1, 0.5, 2.0, 10.0)
    """Seconds until a message that could not be handled comes again, by how often it came."""

    def __init__(self, stream: str, consumer: str, subjects: str, pipeline: Pipeline) -> None:
        self.stream = stream
        self.consumer = consumer
        """The durable name; it never changes."""
        self.subjects = subjects
        """What of the stream it gets."""
        self.pipeline = pipeline
        self.rank = 0
        """Of two instances the one with the lesser is given the messages."""
        self.rank_anew()
        self.fetched = 0
        """How many messages were missing in the stream and came from their service itself."""

    def rank_anew(self) -> None:
        """Take another rank: an instance that has the same is given messages of the same order."""
        self.rank = (self.rank + random.randrange(1, RANKS)) % RANKS  # noqa: S311  # no secret

    @abstractmethod
    async def run(self, client: Client) -> None:
        """Take messages for ever; raises ConsumerGone, in a group."""

    @abstractmethod
    async def redeliver(self, letter: Letter) -> None:
        """Handle a message that was given up on; raises what stands in the way."""

    @abstractmethod
    async def discard(self, letter: Letter) -> None:
        """Go on after such a message as if it had been handled, without any effect."""

    async def side_by_side(
        self,
        client: Client,
        at_once: int,
        take: Callable[[Msg], Coroutine[Any, Any, None]],
        *,
        gather: float = 0.0,
    ) -> None:
        """Take each message in a task of its own, for ever; raises ConsumerGone, in a group.

        While that goes on the server is told so, and gives the message to nobody else.
        """
        free = asyncio.Semaphore(at_once)
        taken: dict[asyncio.Task[None], Msg] = {}

        def done(task: asyncio.Task[None]) -> None:
            del taken[task]
            free.release()

        async with (
            asyncio.TaskGroup() as group,
            aclosing(
                messages(client, self.stream, self.consumer, lambda: self.rank, gather=gather)
            ) as delivered,
        ):
            group.create_task(_keep_alive(taken.values()))
            async for message in delivered:
                await free.acquire()
                task = group.create_task(take(message))
                taken[task] = message
                task.add_done_callback(done)

    async def failed(self, message: Msg, error: Exception, attempt: int | None = None) -> bool:
        """Let a message come again later; after some attempts it is kept as a dead letter.

        Each time that it was given is one unless that is told. Gives whether it is a letter now.
        """
        attempt = message.metadata.num_delivered if attempt is None else attempt
        given_up = await self.given_up(message, error, attempt)
        if not given_up:
            await message.nak(delay=self.delay(attempt))
        return given_up

    async def given_up(self, message: Msg, error: Exception, attempt: int) -> bool:
        """Keep it as a dead letter if that was the last attempt, and say whether it is one now.

        What can't be read is kept at once, and what waits behind a dead letter behind it. While
        the store fails nothing is given up.
        """
        behind = isinstance(error, WaitsBehind)
        if not behind:
            logger.error("%s could not be handled", message.subject, exc_info=error)
        at_end = behind or isinstance(error, Unreadable) or attempt >= ATTEMPTS
        if not at_end or store_fails(error):
            return False
        letter = Letter.of(self.consumer, message, error, attempts=attempt, time=clock.now())
        if not await self._keep(letter, behind=behind):
            return False
        logger.error("%s is a dead letter: %s", letter.message_id, letter.reason)
        await message.ack()
        return True

    def delay(self, attempt: int) -> float:
        """Seconds from an attempt that failed to the next."""
        return self.DELAYS[min(attempt, len(self.DELAYS)) - 1]

    async def _keep(self, letter: Letter, *, behind: bool) -> bool:
        keep = partial(self.pipeline.store.recorder.insert_letter, letter, behind=behind)
        try:
            return await self.pipeline.on_thread(keep)
        except PersistenceError:
            logger.exception("the store takes no dead letter")
            return False


async def _keep_alive(taken: Collection[Msg]) -> None:
    while True:
        await asyncio.sleep(_ALIVE)
        for message in list(taken):
            await message.in_progress()
