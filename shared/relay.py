"""The relay: the log of a service goes to the stream, in order. The log is the outbox."""

import asyncio
import logging
from collections.abc import Sequence

import nats.errors
import nats.js.errors
from eventsourcing.persistence import Notification
from nats.js import JetStreamContext

from shared import headers
from shared.pipeline import Pipeline, wait_for_signal
from shared.published import Published
from shared.subjects import EVENTS, event_subject

logger = logging.getLogger(__name__)

_BATCH = 500
_IDLE = 0.25
"""Seconds after which the log is read without being woken."""
_RETRY = 1.0


class ForeignStream(Exception):
    """The stream holds events of another log; publishing there would hide this one's."""


class Relay:
    """Publishes what the store has and the stream doesn't; keeps no position of its own."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._store = pipeline.store

    async def run(self, stream: JetStreamContext) -> None:
        """Publish for ever; raises ForeignStream."""
        while True:
            try:
                await self._follow(stream)
            except (nats.errors.Error, nats.js.errors.Error) as error:
                logger.warning("events wait, the stream doesn't take them: %r", error)
                await asyncio.sleep(_RETRY)

    async def _follow(self, stream: JetStreamContext) -> None:
        position = await self._published(stream)
        while True:
            rows = await self._pipeline.on_thread(self._store.log_after, position, _BATCH)
            await self._publish(stream, rows)
            if rows:
                position = rows[-1].id
            else:
                await wait_for_signal(self._pipeline.committed, _IDLE)

    async def _published(self, stream: JetStreamContext) -> int:
        """The log position up to which the stream has this service's events."""
        try:
            last = await stream.get_last_msg(EVENTS, f"evt.{self._store.service}.>")
        except nats.js.errors.NotFoundError:
            return 0
        published = Published.read(last.headers, last.data or b"")
        end = await self._pipeline.on_thread(self._store.log_end)
        if published.log_id != self._store.log_id or published.sequence > end:
            raise ForeignStream(
                f"{EVENTS} ends with {published.position} of log {published.log_id}, this store is "
                f"log {self._store.log_id} with {end} rows: use the store that belongs to the "
                "stream, or an empty stream"
            )
        return published.sequence

    async def _publish(self, stream: JetStreamContext, rows: Sequence[Notification]) -> None:
        for row in rows:
            record = self._store.mapper.to_domain_event(row)
            if not record.event.PUBLISHED:
                continue
            published = Published.of(record, self._store.service, row.id, self._store.log_id)
            unique = {"Nats-Msg-Id": f"{published.log_id}:{published.sequence}"}
            await stream.publish(
                event_subject(record.event),
                published.body,
                stream=EVENTS,
                headers=headers.encode(published.attributes()) | unique,
            )
