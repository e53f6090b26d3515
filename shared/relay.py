"""The relay: a log of a service goes to its stream, in order.

Each publication names the last one of this service that the stream has to hold before it, so of
two relays only one goes on (source: JetStream's headers `Nats-Expected-Last-Subject-Sequence` and
`…-Subject`). Many events go as one atomic batch (source: ADR-50 of NATS).
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Sequence
from typing import NamedTuple

import nats.errors
import nats.js.errors
from eventsourcing.persistence import PersistenceError
from nats.aio.client import Client

from shared import headers
from shared.broker import provision
from shared.outbox import Log, Outgoing
from shared.pipeline import Pipeline
from shared.reconnecting import reconnected
from shared.tasks import until_first, wait_for_signal

logger = logging.getLogger(__name__)

_BATCH = 500
"""Rows of the log that are read at once; a batch of the stream may have 1,000 messages."""
_PLAIN = 4
"""Up to so many events go one by one: a batch costs more than a few messages do."""
_IDLE = 0.25
"""Seconds after which the log is read without being woken."""
_LOOK = 2.0
"""Seconds after which a relay looks whether the stream still has everything."""
_RETRY = 1.0
_TIMEOUT = 5.0
"""Seconds for the stream's answer."""


class ForeignStream(Exception):
    """The stream holds events of another log; publishing there would hide this one's."""


class Refused(Exception):
    """The stream didn't take what was published."""


class Place(NamedTuple):
    """How far a stream has a log."""

    position: int
    """In the log."""
    sequence: int
    """Of the log's last message in the stream; 0 for none."""


class Relay:
    """Publishes what a log has and its stream doesn't; keeps no position of its own."""

    def __init__(self, log: Log, pipeline: Pipeline, woken: asyncio.Event) -> None:
        self._log = log
        self._pipeline = pipeline
        self._woken = woken
        self.trouble = ""
        """Why messages wait, while they do."""

    async def run(self, client: Client) -> None:
        """Publish for ever; raises ForeignStream."""
        while True:
            try:
                await until_first(self._follow(client), reconnected(client))
            except Refused as refused:
                logger.warning("%s refused messages, looking again: %s", self._log.stream, refused)
                await asyncio.sleep(_RETRY)
            except (nats.errors.Error, nats.js.errors.Error, PersistenceError, OSError) as error:
                self.trouble = f"{self._log.stream} doesn't take messages: {error!r}{_hint(error)}"
                logger.warning("messages wait, %s", self.trouble)
                await asyncio.sleep(_RETRY)

    async def _follow(self, client: Client) -> None:
        await provision(client.jetstream())  # the stream may have been deleted
        info = await client.jetstream().stream_info(self._log.stream)
        held, looked = await self._place(client), time.monotonic()
        read = held.position
        self.trouble = ""
        while True:
            rows = await self._pipeline.on_thread(self._log.after, read, _BATCH)
            outgoing = [(row.place, row.message) for row in rows if row.message is not None]
            if info.config.allow_atomic and len(outgoing) > _PLAIN:
                held = await self._publish_together(client, outgoing, held.sequence)
            else:
                for place, message in outgoing:
                    held = await self._publish(client, place, message, held.sequence)
            if rows:
                read = rows[-1].place
            if len(rows) >= _BATCH:
                continue
            if time.monotonic() - looked > _LOOK:
                found, looked = await self._place(client), time.monotonic()
                if found != held:
                    held, read = found, found.position
            await wait_for_signal(self._woken, _IDLE)

    async def _place(self, client: Client) -> Place:
        """How far the stream has this log; raises ForeignStream."""
        log, store = self._log, self._pipeline.store
        try:
            last = await client.jetstream().get_last_msg(log.stream, log.own)
        except nats.js.errors.NotFoundError:
            return Place(0, 0)
        told = headers.decode(last.headers)
        log_id, position = told.get("ce-logid"), int(told.get("ce-sequence", "0"))
        end = await self._pipeline.on_thread(log.end)
        if log_id != store.log_id or position > end:
            raise ForeignStream(
                f"{log.stream} ends with {position} of log {log_id}, this store is "
                f"log {store.log_id} with {end} rows: use the store that belongs to the "
                "stream, or an empty stream"
            )
        return Place(position, last.seq or 0)

    async def _publish(self, client: Client, place: int, message: Outgoing, after: int) -> Place:
        """Publish one event if the last one of this service is there; gives how far it is then."""
        return Place(place, await _asked(client, message, self._fence(after)))

    async def _publish_together(
        self, client: Client, outgoing: Sequence[tuple[int, Outgoing]], after: int
    ) -> Place:
        """Publish all of them or none; gives how far the stream is then."""
        *before, (place, last) = outgoing
        batch = {"Nats-Batch-Id": uuid.uuid4().hex}
        for number, (_, message) in enumerate(before, 1):
            told = message.headers | batch | {"Nats-Batch-Sequence": str(number)}
            if number == 1:
                told |= self._fence(after)
            await client.publish(message.subject, message.body, headers=told)
        batch |= {"Nats-Batch-Sequence": str(len(outgoing)), "Nats-Batch-Commit": "1"}
        return Place(place, await _asked(client, last, batch))

    def _fence(self, after: int) -> dict[str, str]:
        return {
            "Nats-Expected-Last-Subject-Sequence": str(after),
            "Nats-Expected-Last-Subject-Sequence-Subject": self._log.own,
        }


def _hint(error: Exception) -> str:
    """A server that once couldn't write to a stream lets who publishes there wait in vain."""
    late = isinstance(error, nats.errors.TimeoutError)
    return "; if its disk was full, make room and start NATS again" if late else ""


async def _asked(client: Client, message: Outgoing, told: dict[str, str]) -> int:
    """Publish a message and give its sequence; raises Refused with what the stream says."""
    answer = await client.request(
        message.subject, message.body, timeout=_TIMEOUT, headers=message.headers | told
    )
    said = json.loads(answer.data)
    if "error" in said:
        raise Refused(said["error"]["description"])
    return int(said["seq"])
