"""The inbox: each event of another service has exactly one effect here."""

import asyncio
import inspect
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple, get_type_hints

import nats.errors
from eventsourcing.persistence import IntegrityError, PersistenceError
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import clock
from shared.aggregate import Aggregate
from shared.consumer import messages
from shared.dead_letters import Letter, Unreadable, WaitsBehind
from shared.follower import Follower
from shared.messages import Event, Meta
from shared.missing import Missing, ask
from shared.names import SERVICE_ACCOUNT, Advance
from shared.pipeline import Pipeline
from shared.published import Published
from shared.store import A, Draft, Store, store_fails
from shared.subjects import EVENTS

logger = logging.getLogger(__name__)

_SOON = 0.01
"""Seconds until an event that came before its predecessor is tried again: another instance may
just be handling that one."""
_PATIENCE = 1.0
"""Seconds of such tries after which its predecessors are fetched from the origin."""
_GAP = 0.25
"""Seconds until it comes again then."""
_FETCH = 2.0
"""Seconds until it comes again where the origin told nothing."""
TOGETHER = 256
"""Events that are handled in one commit."""

Policy = Callable[[Any, "Load"], None]
Handled = bool | Exception
"""Whether an event was handled or has to come again, or why it could not be handled."""


class Delivered(NamedTuple):
    """An event that came, and the time up to which those before it may still come by themselves."""

    message: Msg
    event: Published | Exception
    until: float


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


class Inbox(Follower):
    """Follows one other service with a durable consumer."""

    def __init__(
        self, origin: str, policies: Mapping[type[Event], Policy], pipeline: Pipeline
    ) -> None:
        name = consumer_name(pipeline.store.service, origin)
        super().__init__(EVENTS, name, f"evt.{origin}.>", pipeline)
        self.origin = origin
        self._policies = policies
        self._store = pipeline.store
        pipeline.horizon.follow(origin)

    async def run(self, client: Client) -> None:
        """Handle events for ever; raises ConsumerGone, in a group."""
        waiting: list[Msg] = []
        handling: asyncio.Task[None] | None = None
        async with (
            asyncio.TaskGroup() as group,
            aclosing(messages(client, EVENTS, self.consumer, lambda: self.rank)) as delivered,
        ):
            async for message in delivered:
                waiting.append(message)
                if handling is None or handling.done():
                    handling = group.create_task(self._take_all(waiting, client, group))

    async def _take_all(self, waiting: list[Msg], client: Client, group: asyncio.TaskGroup) -> None:
        """Handle what waits, and what comes meanwhile, until nothing is left."""
        early: list[Delivered] = []
        while waiting or early:
            if not waiting:
                await asyncio.sleep(_SOON)
            now = time.monotonic()
            new = [Delivered(row, _read(row), now + _PATIENCE) for row in waiting[:TOGETHER]]
            del waiting[:TOGETHER]
            taken, early = early + new, []
            events = [row.event for row in taken]
            handled = await self.pipeline.on_thread(self.handle, events)
            self._tell(events, handled)
            for row, outcome in zip(taken, handled, strict=True):
                if outcome is True:
                    await row.message.ack()
                elif isinstance(outcome, Exception):
                    await self.failed(row.message, outcome)
                elif now < row.until or isinstance(row.event, Exception):
                    early.append(row)
                else:
                    group.create_task(self._fetch(client, row.message, row.event))
            if early:
                self.rank_anew()

    async def _fetch(self, client: Client, message: Msg, event: Published) -> None:
        """Fetch what is missing before an event, so that it can be handled when it comes again."""
        _, aggregate, version = event.position
        try:
            missing = await self.pipeline.on_thread(self._missing, event)
            found = await ask(client, self.origin, missing)
            rows = found.published(self.origin, aggregate)
            before = [row for row in rows if row.position.version < version]
            handled = await self.pipeline.on_thread(self.handle, before)
        except (nats.errors.Error, PersistenceError, ValueError) as error:
            logger.warning("%s waits, %s tells nothing: %r", event.position, self.origin, error)
            handled = []
        count = handled.count(True)
        if count:
            self.fetched += count
            logger.warning("%s: %d events before it were missing", event.position, count)
        await message.nak(delay=_GAP if count else _FETCH)

    def _missing(self, event: Published) -> Missing:
        aggregate = event.position.aggregate
        known = self._store.seen(self.origin, [aggregate]).get(aggregate, 0)
        return Missing(aggregate=aggregate, after=known)

    def _tell(self, events: Sequence[Published | Exception], handled: Sequence[Handled]) -> None:
        """Let those go on who wait for what was handled."""
        self.pipeline.horizon.see(
            event.position
            for event, outcome in zip(events, handled, strict=True)
            if outcome is True and isinstance(event, Published)
        )
        self.pipeline.committed.set()

    async def redeliver(self, letter: Letter) -> None:
        """Handle an event that was given up on; raises what stands in the way."""
        event = Published.read(json.loads(letter.headers), letter.body)
        handled = await self.pipeline.on_thread(self._alone, event, False)
        if isinstance(handled, Exception):
            raise handled
        if not handled:
            raise WaitsBehind(f"{event.position} comes before its predecessor")
        self.pipeline.committed.set()

    async def discard(self, letter: Letter) -> None:
        """Go on after an event without its effect."""
        await self.pipeline.on_thread(self._pass_over, letter)
        self.pipeline.committed.set()

    def handle(self, events: Sequence[Published | Exception]) -> list[Handled]:
        """Handle events in order, with one commit; where that can't be, each with its own.

        A repeated event has no effect, and one that comes before its predecessor waits.
        """
        if len(events) > 1:
            try:
                return self._together(events)
            except Exception as error:
                if store_fails(error):
                    return [error] * len(events)
                logger.info("%d events are handled one by one: %r", len(events), error)
        return [self._alone(event) for event in events]

    def _pass_over(self, letter: Letter) -> None:
        aggregate, version = letter.aggregate, letter.version
        if aggregate is None or version is None:
            return
        known = self._store.seen(self.origin, [aggregate]).get(aggregate, 0)
        if known < version:
            step = Advance(self.origin, aggregate, known, version)
            self._store.commit(Draft(), seen=[step])

    def _alone(self, event: Published | Exception, in_order: bool = True) -> Handled:
        try:
            return self._together([event], in_order=in_order)[0]
        except IntegrityError:
            return False
        except Exception as error:
            return error

    def _together(
        self, events: Sequence[Published | Exception], *, in_order: bool = True
    ) -> list[Handled]:
        """Effects and tracking in one commit; nothing of it is left when one fails.

        `in_order`: what an earlier event of its aggregate holds up, as a dead letter, waits.
        """
        with self._store.turn():
            return self._in_one_commit(events, in_order=in_order)

    def _in_one_commit(
        self, events: Sequence[Published | Exception], *, in_order: bool
    ) -> list[Handled]:
        known = [event for event in events if isinstance(event, Published)]
        about = [event.position.aggregate for event in known]
        draft, load, blocked = Draft(), Load(self._store), set[str]()
        try:
            with self._store.reading():
                before = self._store.seen(self.origin, about)
                if in_order:
                    blocked = self._store.recorder.select_blocked(self.consumer, about)
                after = dict(before)
                handled = [self._next(event, after, blocked, load, draft) for event in events]
        except BaseException:
            self._store.forget([*draft.aggregates, *load.loaded])
            raise
        advances = [
            Advance(self.origin, aggregate, before.get(aggregate, 0), version)
            for aggregate, version in after.items()
            if version > before.get(aggregate, 0)
        ]
        if advances or draft.stored:
            self._store.commit(draft, seen=advances)
        return handled

    def _next(
        self,
        event: Published | Exception,
        seen: dict[str, int],
        blocked: set[str],
        load: Load,
        draft: Draft,
    ) -> Handled:
        if isinstance(event, Exception):
            return event
        _, aggregate, version = event.position
        last = seen.get(aggregate, 0)
        if version <= last:
            return True
        if aggregate in blocked:
            return WaitsBehind(f"an earlier event of {aggregate} is a dead letter")
        if version > last + 1:
            logger.debug("%s waits for %d", event.position, last + 1)
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
        return Unreadable(f"{type(error).__name__}: {error}")


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
