"""The pipeline: what arrives together is decided together, on one thread and in one commit."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from eventsourcing.persistence import PersistenceError

from shared import clock
from shared.deciding import Case, Decider, Now, Reveal, is_late
from shared.errors import Busy, DeadlinePassed, Failure, Internal, NotYet, Refusal, Unavailable
from shared.handlers import Context, Need, Needed, Prepared, Route
from shared.horizon import Horizon
from shared.messages import (
    Answer,
    Answered,
    Command,
    Envelope,
    Outcome,
    Refused,
    Reply,
    Request,
)
from shared.names import Position
from shared.requests import Asked
from shared.store import Store

logger = logging.getLogger(__name__)

Prepare = Callable[[Any, Envelope], Awaitable[Prepared]]
MAX_WAITING = 1024
MAX_TOGETHER = 256
"""Commands that are decided in one commit."""
MAX_PREPARING = 16
"""Requests for which something is got at the same time."""
MAX_TO_PREPARE = 64
"""Those, and the ones that wait for their turn; others have to come again."""
R = TypeVar("R")
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
        now: Now = clock.now,
    ) -> None:
        self.store = store
        self.committed = asyncio.Event()
        """Set after each commit, for the relay."""
        self.refused = asyncio.Event()
        """Set after each refusal, for the relay of refusals."""
        self.refusals: Counter[str] = Counter()
        """How often a rule refused a command, by code."""
        self.trouble = ""
        """Why the store failed when it was used last."""
        self.horizon = Horizon(partial(self.on_thread, store.seen))
        self._routes = routes
        self._prepare = prepare
        self._decider = Decider(store, routes, reveal, now)
        self._cases: list[tuple[Case, asyncio.Future[Outcome | Need[Any]]]] = []
        """What waits to be decided."""
        self._deciding: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._preparing = asyncio.Semaphore(MAX_PREPARING)
        self._to_prepare = 0
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
            return await self._answer(asked.request, asked.envelope)
        except Refusal as refusal:
            return refusal.reply(asked.envelope.id)
        except Failure as failure:
            return failure.reply(clock.now())
        except PersistenceError as error:
            self.trouble = type(error).__name__
            logger.exception("the store failed")
            return Unavailable().reply(clock.now())
        except Exception:
            logger.exception("%s failed", type(asked.request).__name__)
            return Internal().reply(clock.now())
        finally:
            self._waiting -= 1

    async def _catch_up(self, envelope: Envelope) -> None:
        """Wait until the inboxes have handled what the request comes after."""
        try:
            await self.horizon.reach(map(Position.parse, envelope.after))
        except TimeoutError:
            raise (DeadlinePassed if is_late(envelope) else NotYet) from None

    async def _with_need(
        self, decide: Callable[[Prepared | None], Awaitable[T | Need[Any]]], envelope: Envelope
    ) -> T:
        """What `decide` says; when it needs something, it is got and `decide` runs again."""
        decided = await decide(None)
        if isinstance(decided, Need):
            decided = await decide(await self._prepared(decided, envelope))
            if isinstance(decided, Need):
                raise TypeError("a request needs more than one thing")
        return decided

    async def _prepared(self, need: Need[Any], envelope: Envelope) -> Prepared:
        """What a request needs; raises Busy when too many need something, and DeadlinePassed."""
        if self._prepare is None:
            raise TypeError(f"{type(need).__name__} is what this service can't get")
        if self._to_prepare >= MAX_TO_PREPARE:
            raise Busy
        self._to_prepare += 1
        try:
            async with self._preparing:
                if is_late(envelope):
                    raise DeadlinePassed
                return await self._prepare(need, envelope)
        finally:
            self._to_prepare -= 1

    async def _answer(self, query: Request, envelope: Envelope) -> Answer:
        async def ask(prepared: Prepared | None) -> Answer | Need[Any]:
            return await self.on_thread(self._query, query, envelope, prepared)

        return await self._with_need(ask, envelope)

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
        position = Position(self.store.service, aggregate.id, aggregate.version)
        return Answered(
            data={} if data is None else data.model_dump(mode="json"), position=str(position)
        )

    async def _command(self, command: Command, envelope: Envelope) -> Reply:
        async def decide(prepared: Prepared | None) -> Outcome | Need[Any]:
            case = Case(command, envelope, prepared)
            if envelope.dry_run:
                return await self.on_thread(self._decider.alone, case)
            return await self._decide(case)

        decided: Outcome = await self._with_need(decide, envelope)
        if isinstance(decided, Refused):
            self.refused.set()
            if not (decided.repeated or envelope.dry_run):
                self.refusals[decided.code] += 1
        elif decided.events and not decided.dry_run:
            self.committed.set()
        return decided

    async def _decide(self, case: Case) -> Outcome | Need[Any]:
        """Decide with all that arrive meanwhile; raises what comes of it instead."""
        waiting: asyncio.Future[Outcome | Need[Any]] = asyncio.get_running_loop().create_future()
        self._cases.append((case, waiting))
        if self._deciding is None or self._deciding.done():
            self._deciding = asyncio.create_task(self._decide_all())
        return await waiting

    async def _decide_all(self) -> None:
        """Decide what waits, and what comes while that is decided, until nothing is left."""
        while self._cases:
            taken, self._cases = self._cases[:MAX_TOGETHER], self._cases[MAX_TOGETHER:]
            cases = [case for case, _ in taken]
            try:
                decisions = await self.on_thread(self._decider.together, cases)
            except Exception as error:
                decisions = [error] * len(taken)
            for (_, waiting), decision in zip(taken, decisions, strict=True):
                if waiting.done():
                    continue  # whoever asked is gone
                if isinstance(decision, Exception):
                    waiting.set_exception(decision)
                else:
                    waiting.set_result(decision)
