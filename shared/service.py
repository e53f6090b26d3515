"""A service: its parts, joined to NATS for as long as the process lives."""

import asyncio
import gc
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TypeVar

import nats.errors
import nats.js.errors
from eventsourcing.persistence import PersistenceError
from faststream import FastStream
from nats.aio.msg import Msg
from nats.errors import ConnectionReconnectingError

from shared import clock, headers
from shared.broker import Bus, provision
from shared.checkup import Checkup
from shared.consumer import ConsumerGone
from shared.durable import Durable
from shared.errors import Refusal, SecretNotDurable, Unavailable
from shared.follower import Follower
from shared.messages import Answer, Command, Query, Reply, Request
from shared.operations import Operations
from shared.outbox import EventLog, RefusalLog
from shared.pipeline import Pipeline
from shared.refused import Malformed
from shared.relay import Relay
from shared.requests import Asked, read, request_id
from shared.settings import Settings
from shared.tasks import until_first

logger = logging.getLogger(__name__)

_GARBAGE = 20_000
"""New objects until it is looked for cycles among them."""
_AGAIN = 1.0
"""Seconds until a follower whose consumer is gone makes it anew."""
_PRUNE = 60.0
"""Seconds until it is looked again for what is too old."""
_DRAIN = 10.0
"""Seconds that requests have to end when the service stops."""
R = TypeVar("R", bound=Request)


class Service:
    """Takes requests through FastStream, follows events, and relays its own."""

    def __init__(
        self, bus: Bus, pipeline: Pipeline, followers: Sequence[Follower], settings: Settings
    ) -> None:
        self.name = pipeline.store.service
        self._bus = bus
        self._pipeline = pipeline
        self._settings = settings
        self._refusals = RefusalLog(pipeline.store)
        self._relays = self._make_relays()
        commands, queries = self._own(Command.TABLE), self._own(Query.TABLE)
        durable = Durable(pipeline, commands, bus.may_reply, self._tell_unreadable)
        self._followers = [*followers, durable]
        file = settings.data / f"{self.name}.health.json"
        self._checkup = Checkup(bus, pipeline, self._followers, self._relays, file)
        self._open: set[asyncio.Task[None]] = set()
        self._draining = False
        if settings.test is not None:
            logger.warning("guards are off for a test: %s", settings.test)
        self._subscribe("cmd", commands)
        self._subscribe("qry", queries)
        for name, kind in commands.items():
            if kind.SECRET:
                bus.subscribe(f"que.{self.name}.{name}.*.*", self._not_durable, queue=self.name)
        operations = Operations(bus, pipeline, self._followers, settings.operators, self._checkup)
        operations.subscribe()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; raises when going on would do harm."""
        await self._bus.connect()
        _collect_seldom()
        await until_first(self._watch(), self._checkup.run(), self._work())
        self._pipeline.close()
        with suppress(OSError):  # the server may be away
            await self._bus.events.close()

    async def _work(self) -> None:
        await self._provision()
        works = [self._follow(follower) for follower in self._followers]
        works += [relay.run(self._bus.events) for relay in self._relays]
        await until_first(*works, self._prune(), self._take_requests())

    async def _take_requests(self) -> None:
        """Until it is told to stop."""
        with suppress(ConnectionReconnectingError):  # nothing is to be drained then
            await FastStream(
                self._bus.requests,
                logger=None,
                on_startup=[self._bus.open_front],
                on_shutdown=[self._drain],
            ).run()

    def _make_relays(self) -> list[Relay]:
        pipeline, test = self._pipeline, self._settings.test
        if test is not None and not test.relay:
            return []
        return [
            Relay(EventLog(pipeline.store), pipeline, pipeline.committed),
            Relay(self._refusals, pipeline, pipeline.refused),
        ]

    def _own(self, table: Mapping[tuple[str, str], type[R]]) -> dict[str, type[R]]:
        return {name: kind for (service, name), kind in table.items() if service == self.name}

    def _subscribe(self, plane: str, classes: Mapping[str, type[Request]]) -> None:
        async def take(message: Msg) -> None:
            task = asyncio.create_task(self._serve(message, classes))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

        self._bus.subscribe_front(f"{plane}.{self.name}.>", take, queue=self.name)

    async def _drain(self) -> None:
        """Let what has begun end with its reply, and take nothing new."""
        self._bus.expect_close()
        self._draining = True
        if self._open:
            await asyncio.wait(self._open, timeout=_DRAIN)

    async def _serve(self, message: Msg, classes: Mapping[str, type[Request]]) -> None:
        if message.reply and not self._bus.may_reply(message.reply):
            logger.warning("%s dropped: its reply subject is no inbox", message.subject)
            return
        attributes = headers.decode(message.headers)
        id_ = request_id(attributes)
        reply: Reply | Answer
        try:
            asked = read(
                message.subject,
                attributes,
                message.data,
                request_id=id_,
                time=clock.now(),
                classes=classes,
            )
        except Refusal as refusal:
            reply = refusal.reply(id_)
            self._tell_unreadable(message, refusal)
        else:
            reply = await self._answer(asked)
        await self._bus.reply(message, reply)

    async def _answer(self, asked: Asked) -> Reply | Answer:
        if self._draining:
            return Unavailable().reply(clock.now())
        return await self._pipeline.answer(asked)

    async def _not_durable(self, message: Msg) -> None:
        refusal = SecretNotDurable()
        self._tell_unreadable(message, refusal)
        await self._bus.reply(message, refusal.reply(request_id(headers.decode(message.headers))))

    def _tell_unreadable(self, message: Msg, refusal: Refusal) -> None:
        self._refusals.malformed(Malformed.of(message.subject, refusal, len(message.data)))
        self._pipeline.refused.set()

    async def _follow(self, follower: Follower) -> None:
        while True:
            try:
                await follower.run(self._bus.events)
            except* ConsumerGone as gone:
                logger.warning("consumer %s is gone (%r)", follower.consumer, gone.exceptions)
                await asyncio.sleep(_AGAIN)
                await self._provision()

    async def _provision(self) -> None:
        """Make what is missing on the server; tries until it is there."""
        consumers = [(row.stream, row.consumer, row.subjects) for row in self._followers]
        while True:
            try:
                return await provision(self._bus.events.jetstream(), consumers)
            except (nats.errors.Error, nats.js.errors.Error, OSError) as error:
                logger.warning("streams and consumers can't be made yet: %r", error)
                await asyncio.sleep(_AGAIN)

    async def _prune(self) -> None:
        """Drop what is too old of the command log, now and then."""
        days, store = self._settings.command_days, self._pipeline.store
        while True:
            dropped = 0
            if days is not None:
                before = clock.now() - timedelta(days=days)
                drop = partial(store.prune, before, up_to=self._refusals.told)
                with suppress(PersistenceError):  # it is looked again
                    dropped = await self._pipeline.on_thread(drop)
            if dropped:
                logger.info("dropped %d commands that were decided long ago", dropped)
            else:
                await asyncio.sleep(_PRUNE)

    async def _watch(self) -> None:
        raise ConnectionError(await self._bus.lost.get())


def _collect_seldom() -> None:
    """Look for cycles seldom, and never in what was loaded at start.

    Python's defaults look after 700 new objects, which is every few requests.
    """
    gc.freeze()
    gc.set_threshold(_GARBAGE, 20, 50)
