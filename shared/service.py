"""A service: its parts, joined to NATS for as long as the process lives."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Protocol

from faststream import FastStream
from faststream.nats import NatsMessage
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionReconnectingError

from shared import clock, headers
from shared.broker import Bus, provision
from shared.consumer import ConsumerGone
from shared.errors import Refusal, Unavailable
from shared.messages import Answer, Command, Query, Reply, Request
from shared.outbox import EventLog, RefusalLog
from shared.pipeline import Pipeline
from shared.refused import Malformed
from shared.relay import Relay
from shared.requests import Asked, read, request_id
from shared.settings import Settings
from shared.subjects import is_inbox
from shared.tasks import end

logger = logging.getLogger(__name__)

_AGAIN = 1.0
"""Seconds until a reader whose consumer is gone makes it anew."""
_PRUNE = 60.0
"""Seconds until it is looked again for what is too old."""
_DRAIN = 10.0
"""Seconds that requests have to end when the service stops."""


class Reader(Protocol):
    """Something that follows a durable consumer."""

    stream: str
    consumer: str
    subjects: str
    """What it is to get of the stream."""

    async def run(self, client: Client) -> None: ...


class Service:
    """Takes requests through FastStream, follows events, and relays its own."""

    def __init__(
        self, bus: Bus, pipeline: Pipeline, readers: Sequence[Reader], settings: Settings
    ) -> None:
        self.name = pipeline.store.service
        self._bus = bus
        self._pipeline = pipeline
        self._readers = readers
        self._settings = settings
        self._refusals = RefusalLog(pipeline.store)
        self._relays = settings.test is None or settings.test.relay
        self._open: set[asyncio.Task[None]] = set()
        self._draining = False
        if settings.test is not None:
            logger.warning("guards are off for a test: %s", settings.test)
        self._subscribe("cmd", Command.TABLE)
        self._subscribe("qry", Query.TABLE)
        self._bus.requests.subscriber(f"health.{self.name}", decoder=_raw, no_reply=True)(
            self._health
        )

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT; raises when going on would do harm."""
        await self._bus.connect()
        await self._provision()
        async with asyncio.TaskGroup() as group:
            loops = [group.create_task(self._read(reader)) for reader in self._readers]
            if self._relays:
                loops += [group.create_task(relay.run(self._bus.events)) for relay in self._relay()]
            loops += [group.create_task(self._watch()), group.create_task(self._prune())]
            with suppress(ConnectionReconnectingError):  # nothing is to be drained then
                await FastStream(self._bus.requests, logger=None, on_shutdown=[self._drain]).run()
            await end(*loops)
        self._pipeline.close()
        with suppress(OSError):  # the server may be away
            await self._bus.events.close()

    def _relay(self) -> list[Relay]:
        pipeline = self._pipeline
        return [
            Relay(EventLog(pipeline.store), pipeline, pipeline.committed),
            Relay(self._refusals, pipeline, pipeline.refused),
        ]

    def _subscribe(self, plane: str, table: Mapping[tuple[str, str], type[Request]]) -> None:
        classes = {name: kind for (service, name), kind in table.items() if service == self.name}

        async def take(message: Msg) -> None:
            task = asyncio.create_task(self._serve(message, classes))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

        self._bus.requests.subscriber(
            f"{plane}.{self.name}.>", queue=self.name, decoder=_raw, no_reply=True
        )(take)

    async def _drain(self) -> None:
        """Let what has begun end with its reply, and take nothing new."""
        self._bus.expect_close()
        self._draining = True
        if self._open:
            await asyncio.wait(self._open, timeout=_DRAIN)

    async def _serve(self, message: Msg, classes: Mapping[str, type[Request]]) -> None:
        if message.reply and not is_inbox(message.reply, self._settings.reply_prefixes):
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
            self._refusals.malformed(Malformed.of(message.subject, reply, len(message.data)))
            self._pipeline.refused.set()
        else:
            reply = await self._answer(asked)
        if message.reply:
            await message.respond(reply.model_dump_json().encode())

    async def _answer(self, asked: Asked) -> Reply | Answer:
        if self._draining:
            return Unavailable().reply(clock.now())
        return await self._pipeline.answer(asked)

    async def _health(self, message: Msg) -> None:
        end = await self._pipeline.on_thread(self._pipeline.store.log_end)
        await message.respond(json.dumps({"service": self.name, "log_end": end}).encode())

    async def _read(self, reader: Reader) -> None:
        while True:
            try:
                await reader.run(self._bus.events)
            except* ConsumerGone as gone:
                logger.warning("consumer %s is gone (%r)", reader.consumer, gone.exceptions)
                await asyncio.sleep(_AGAIN)
                await self._provision()

    async def _provision(self) -> None:
        consumers = [(row.stream, row.consumer, row.subjects) for row in self._readers]
        await provision(self._bus.events.jetstream(), consumers)

    async def _prune(self) -> None:
        """Drop what is too old of the command log, now and then."""
        days, store = self._settings.command_days, self._pipeline.store
        while days is not None:
            before = clock.now() - timedelta(days=days)
            dropped = await self._pipeline.on_thread(
                partial(store.prune, before, up_to=self._refusals.told)
            )
            if dropped:
                logger.info("dropped %d commands that were decided before %s", dropped, before)
            else:
                await asyncio.sleep(_PRUNE)

    async def _watch(self) -> None:
        raise ConnectionError(await self._bus.lost.get())


async def _raw(message: NatsMessage) -> object:
    return message.raw_message
