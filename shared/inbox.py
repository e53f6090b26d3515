"""The inbox: each event of another service has exactly one effect here."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, get_type_hints

from eventsourcing.persistence import IntegrityError
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import clock
from shared.aggregate import Aggregate
from shared.consumer import messages
from shared.messages import Event, Meta
from shared.names import SERVICE_ACCOUNT, Advance
from shared.pipeline import Pipeline
from shared.published import Published
from shared.store import A, Draft, Store
from shared.subjects import EVENTS

logger = logging.getLogger(__name__)

_GAP = 0.25
"""Seconds until an event that came before its predecessor comes again."""
_DELAYS = (0.1, 0.5, 2.0, 10.0, 30.0)
"""Seconds until an event that could not be handled comes again, by how often it came."""

TOGETHER = 256
"""Events that are handled in one commit."""

Policy = Callable[[Any, "Load"], None]
Handled = bool | Exception
"""Whether an event was handled or has to come again, or why it could not be handled."""


class Load:
    """Loads the aggregates that a policy changes, and remembers them for the commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.loaded: list[Aggregate] = []

    def __call__(self, kind: type[A], key: str) -> A:
        aggregate = self._store.load(kind, key)
        self.loaded.append(aggregate)
        return aggregate


def policies_of(policies: object) -> dict[type[Event], Policy]:
    """The public methods `(event, load)` of an object, by the kind of event."""
    table: dict[type[Event], Policy] = {}
    for name, method in inspect.getmembers(policies, inspect.ismethod):
        if not name.startswith("_"):
            table[next(iter(get_type_hints(method).values()))] = method
    return table


class Inbox:
    """Follows one other service with a durable consumer."""

    def __init__(
        self, origin: str, policies: Mapping[type[Event], Policy], pipeline: Pipeline
    ) -> None:
        self.origin = origin
        self.stream = EVENTS
        self.consumer = consumer_name(pipeline.store.service, origin)
        self.subjects = f"evt.{origin}.>"
        self._policies = policies
        self._pipeline = pipeline
        pipeline.followed.add(origin)
        self._store = pipeline.store

    async def run(self, client: Client) -> None:
        """Handle events for ever; raises ConsumerGone, in a group."""
        waiting: list[Msg] = []
        handling: asyncio.Task[None] | None = None
        async with (
            asyncio.TaskGroup() as group,
            aclosing(messages(client, EVENTS, self.consumer)) as delivered,
        ):
            async for message in delivered:
                waiting.append(message)
                if handling is None or handling.done():
                    handling = group.create_task(self._take_all(waiting))

    async def _take_all(self, waiting: list[Msg]) -> None:
        """Handle what waits, and what comes meanwhile, until nothing is left."""
        while waiting:
            taken = waiting[:TOGETHER]
            del waiting[:TOGETHER]
            events = [_read(message) for message in taken]
            handled = await self._pipeline.on_thread(self.handle, events)
            for message, outcome in zip(taken, handled, strict=True):
                await _settle(message, outcome)
            self._pipeline.advanced.set()
            self._pipeline.committed.set()

    def handle(self, events: Sequence[Published | Exception]) -> list[Handled]:
        """Handle events in order, with one commit; where that can't be, each with its own.

        A repeated event has no effect, and one that comes before its predecessor waits.
        """
        if len(events) > 1:
            try:
                return self._together(events)
            except Exception as error:
                logger.info("%d events are handled one by one: %r", len(events), error)
        return [self._alone(event) for event in events]

    def _alone(self, event: Published | Exception) -> Handled:
        try:
            return self._together([event])[0]
        except IntegrityError:
            return False
        except Exception as error:
            return error

    def _together(self, events: Sequence[Published | Exception]) -> list[Handled]:
        """Effects and tracking in one commit; nothing of it is left when one fails."""
        known = [event for event in events if isinstance(event, Published)]
        before = self._store.seen(self.origin, [event.position.aggregate for event in known])
        after = dict(before)
        draft, load = Draft(), Load(self._store)
        try:
            with self._store.reading_once([]):
                handled = [self._next(event, after, load, draft) for event in events]
        except BaseException:
            self._store.forget([*draft.aggregates, *load.loaded])
            raise
        advances = [
            Advance(self.origin, aggregate, before.get(aggregate, 0), version)
            for aggregate, version in after.items()
            if version > before.get(aggregate, 0)
        ]
        if advances:
            self._store.commit(draft, seen=advances)
        return handled

    def _next(
        self, event: Published | Exception, seen: dict[str, int], load: Load, draft: Draft
    ) -> Handled:
        if isinstance(event, Exception):
            return event
        _, aggregate, version = event.position
        last = seen.get(aggregate, 0)
        if version <= last:
            return True
        if version > last + 1:
            logger.info("%s waits for %d", event.position, last + 1)
            return False
        told = event.event()
        if told is not None and type(told) in self._policies:
            self._policies[type(told)](told, load)
            self._store.draft(load.loaded, _meta(event), onto=draft)
            load.loaded.clear()
        seen[aggregate] = version
        return True


def _read(message: Msg) -> Published | Exception:
    try:
        return Published.read(message.headers, message.data)
    except Exception as error:
        return error


async def _settle(message: Msg, handled: Handled) -> None:
    """Tell the stream that an event was handled, or when it is to come again."""
    if handled is True:
        await message.ack()
    elif handled is False:
        await message.nak(delay=_GAP)
    else:
        logger.error("%s could not be handled", message.subject, exc_info=handled)
        attempt = min(message.metadata.num_delivered, len(_DELAYS))
        await message.nak(delay=_DELAYS[attempt - 1])


def consumer_name(service: str, origin: str) -> str:
    """The durable name of the consumer by which `service` follows `origin`; never changes."""
    return f"{service}_{origin}"


def _meta(published: Published) -> Meta:
    return Meta(
        actor=SERVICE_ACCOUNT,
        command_id=None,
        correlation_id=published.meta.correlation_id,
        causation_id=str(published.position),
        time=clock.now(),
    )
