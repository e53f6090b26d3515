"""The pipeline: each request is decided on one thread, and each command in one commit."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from eventsourcing.persistence import IntegrityError, PersistenceError

from shared import clock
from shared.command_log import CommandRow, request_hash
from shared.errors import (
    Busy,
    CommandIdReused,
    DeadlinePassed,
    Failure,
    Internal,
    NotYet,
    Refusal,
    Unavailable,
)
from shared.handlers import Context, Need, Needed, Prepared, Route, prepared_json
from shared.keys import mask
from shared.messages import (
    OUTCOME,
    Accepted,
    Answer,
    Answered,
    Command,
    Envelope,
    Outcome,
    Reply,
    Request,
)
from shared.names import Position
from shared.requests import Asked
from shared.store import Store

logger = logging.getLogger(__name__)

Prepare = Callable[[Any, Envelope], Awaitable[Prepared]]
Reveal = Callable[[str, str], str]
"""(key, text) → the text with its masked tokens made whole."""

MAX_WAITING = 1024
MAX_PREPARING = 16
PATIENCE = 2.0
"""Seconds that a request waits for what it comes after."""
_TRIES = 10
R = TypeVar("R")
Q = TypeVar("Q", bound=Request)
T = TypeVar("T")


class Pipeline:
    """Everything that happens to a request between the door and the reply."""

    def __init__(
        self,
        store: Store,
        routes: Mapping[str, Route],
        *,
        prepare: Prepare | None = None,
        reveal: Reveal = lambda _, text: text,
    ) -> None:
        self.store = store
        self.committed = asyncio.Event()
        """Set after each commit, for the relay."""
        self.advanced = asyncio.Event()
        """Set when an inbox has handled something."""
        self.followed: set[str] = set()
        """The services whose events come into an inbox here."""
        self._routes = routes
        self._prepare = prepare
        self._reveal = reveal
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._preparing = asyncio.Semaphore(MAX_PREPARING)
        self._waiting = 0

    async def on_thread(self, function: Callable[..., R], *args: Any) -> R:
        """Run `function` on the one thread that uses the store."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    def close(self) -> None:
        """Finish what is running and take nothing new."""
        self._thread.shutdown()

    async def answer(self, asked: Asked) -> Reply | Answer:
        """Decide a command or answer a query; whatever happens, there is a reply."""
        self._waiting += 1
        try:
            if self._waiting > MAX_WAITING:
                raise Busy
            await self._catch_up(asked.envelope)
            if isinstance(asked.request, Command):
                return await self._command(asked.request, asked.envelope)
            return await self._with_need(self._query, asked.request, asked.envelope)
        except Refusal as refusal:
            return refusal.reply(asked.envelope.id)
        except Failure as failure:
            return failure.reply(clock.now())
        except PersistenceError:
            logger.exception("the store failed")
            return Unavailable().reply(clock.now())
        except Exception:
            logger.exception("%s failed", type(asked.request).__name__)
            return Internal().reply(clock.now())
        finally:
            self._waiting -= 1

    async def _catch_up(self, envelope: Envelope) -> None:
        """Wait until the inboxes have handled what the request comes after.

        What this service stores it knows, and what it doesn't follow never changes its answer.
        """
        positions = map(Position.parse, envelope.after)
        wanted = [position for position in positions if position.service in self.followed]
        try:
            async with asyncio.timeout(PATIENCE):
                while wanted and not await self.on_thread(self._has_seen, wanted):
                    await wait_for_signal(self.advanced, 0.05)
        except TimeoutError:
            raise NotYet from None

    def _has_seen(self, wanted: Iterable[Position]) -> bool:
        return all(self.store.seen(position) >= position.version for position in wanted)

    async def _with_need(
        self,
        decide: Callable[[Q, Envelope, Prepared | None], T | Need[Any]],
        request: Q,
        envelope: Envelope,
    ) -> T:
        """What `decide` says; when it needs something, it is got and `decide` runs again."""
        decided = await self.on_thread(decide, request, envelope, None)
        if isinstance(decided, Need):
            if self._prepare is None:
                raise TypeError(f"{type(request).__name__} needs what this service can't get")
            async with self._preparing:
                prepared = await self._prepare(decided, envelope)
            decided = await self.on_thread(decide, request, envelope, prepared)
            if isinstance(decided, Need):
                raise TypeError(f"{type(request).__name__} needs more than one thing")
        return decided

    def _query(
        self, query: Request, envelope: Envelope, prepared: Prepared | None
    ) -> Answer | Need[Any]:
        route = self._routes[type(query).__name__]
        aggregate = self.store.load(route.aggregate, query.key)
        context = Context(envelope.actor, envelope.id, envelope.time, self.store, prepared)
        try:
            data = route.handle(query, aggregate, context)
        except Needed as needed:
            return needed.need
        return Answered(data=_json(data), position=self._position(aggregate.id, aggregate.version))

    async def _command(self, command: Command, envelope: Envelope) -> Reply:
        decided: Outcome = await self._with_need(self._decide, command, envelope)
        if isinstance(decided, Accepted) and decided.events and not decided.dry_run:
            self.committed.set()
        return decided

    def _decide(
        self, command: Command, envelope: Envelope, prepared: Prepared | None
    ) -> Outcome | Need[Any]:
        """Decide and commit; a conflict with another writer is decided anew."""
        for _ in range(_TRIES):
            row = self.store.decided(envelope.id)
            if row is not None:
                return self._again(row, command, envelope)
            if envelope.deadline is not None and clock.now() >= envelope.deadline:
                raise DeadlinePassed
            try:
                return self._decide_once(command, envelope, prepared)
            except Needed as needed:
                return needed.need
            except IntegrityError:
                logger.info("%s met another writer, deciding anew", type(command).__name__)
        raise Busy

    def _decide_once(
        self, command: Command, envelope: Envelope, prepared: Prepared | None
    ) -> Outcome:
        route = self._routes[type(command).__name__]
        aggregate = self.store.load(route.aggregate, command.key)
        context = Context(envelope.actor, envelope.id, envelope.time, self.store, prepared)
        try:
            result = route.handle(command, aggregate, context)
            draft = self.store.draft([aggregate], envelope.meta())
            outcome: Outcome = Accepted(
                command_id=envelope.id,
                events=tuple(record.ref(self.store.service) for record in draft.records),
                position=self._position(aggregate.id, aggregate.version),
                result=_json(result),
            )
        except Refusal as refusal:
            self.store.forget([aggregate] if aggregate.pending else [])
            draft = self.store.draft([], envelope.meta())
            outcome = refusal.reply(envelope.id)
        except BaseException:
            self.store.forget([aggregate])
            raise
        if envelope.dry_run:
            self.store.forget([aggregate])
            return _dry(outcome)
        row = CommandRow.of(command, envelope, prepared_json(prepared), outcome)
        self.store.commit(draft, command=row)
        return outcome

    def _again(self, row: CommandRow, command: Command, envelope: Envelope) -> Outcome:
        """The reply to a command id that was decided before."""
        if row.request_hash != request_hash(command, envelope.actor):
            raise CommandIdReused
        reply = row.reply()
        if isinstance(reply, Accepted):
            whole = self._reveal(row.key, reply.model_dump_json())
            return OUTCOME.validate_json(whole)
        return reply

    def _position(self, aggregate_id: str, version: int) -> str:
        return str(Position(self.store.service, aggregate_id, version))


async def wait_for_signal(event: asyncio.Event, seconds: float) -> None:
    """Wait until `event` is set, at most so long, and clear it: another process may have
    done what it tells of, so its waiters look for themselves now and then."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    event.clear()


def _dry(outcome: Outcome) -> Outcome:
    """What would be answered, without tokens: they were never given."""
    if isinstance(outcome, Accepted):
        outcome = outcome.model_copy(update={"dry_run": True})
    return OUTCOME.validate_json(mask(outcome.model_dump_json()))


def _json(data: Any) -> dict[str, Any]:
    return {} if data is None else dict(data.model_dump(mode="json"))
