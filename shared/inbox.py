"""The inbox: each event of another service has exactly one effect here."""

import inspect
import logging
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any, get_type_hints

from eventsourcing.persistence import IntegrityError
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import clock
from shared.aggregate import Aggregate
from shared.consumer import messages
from shared.messages import Event, Meta
from shared.names import SERVICE_ACCOUNT
from shared.pipeline import Pipeline
from shared.published import Published
from shared.store import A, Store
from shared.subjects import EVENTS

logger = logging.getLogger(__name__)

_GAP = 0.25
"""Seconds until an event that came before its predecessor comes again."""
_DELAYS = (0.1, 0.5, 2.0, 10.0, 30.0)
"""Seconds until an event that could not be handled comes again, by how often it came."""

Policy = Callable[[Any, "Load"], None]


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
        self.consumer = consumer_name(pipeline.store.service, origin)
        self._policies = policies
        self._pipeline = pipeline
        pipeline.followed.add(origin)
        self._store = pipeline.store

    async def run(self, client: Client) -> None:
        """Handle events for ever; raises ConsumerGone."""
        async with aclosing(messages(client, EVENTS, self.consumer)) as delivered:
            async for message in delivered:
                await self._take(message)

    async def _take(self, message: Msg) -> None:
        try:
            published = Published.read(message.headers, message.data)
            handled = await self._pipeline.on_thread(self.handle, published)
        except Exception:
            logger.exception("%s could not be handled", message.subject)
            attempt = min(message.metadata.num_delivered, len(_DELAYS))
            await message.nak(delay=_DELAYS[attempt - 1])
            return
        if handled:
            await message.ack()
            self._pipeline.advanced.set()
            self._pipeline.committed.set()
        else:
            await message.nak(delay=_GAP)

    def handle(self, published: Published) -> bool:
        """Effect and tracking in one commit; a repeated event has no effect.

        False when the event came before its predecessor, or met another writer.
        """
        seen = self._store.seen(published.position)
        if published.position.version <= seen:
            return True
        if published.position.version > seen + 1:
            logger.info("%s waits for %d", published.position, seen + 1)
            return False
        load = Load(self._store)
        try:
            event = published.event()
            if event is not None and type(event) in self._policies:
                self._policies[type(event)](event, load)
            draft = self._store.draft(load.loaded, _meta(published))
            self._store.commit(draft, seen=published.position)
        except IntegrityError:
            return False
        except BaseException:
            self._store.forget(load.loaded)
            raise
        return True


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
