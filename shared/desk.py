"""The desk where operators deal with dead letters."""

import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from operator import attrgetter

from shared import clock
from shared.dead_letters import (
    AT_ONCE,
    Chosen,
    DeadLetter,
    DeadLetters,
    Letter,
    NotTheFirst,
    StillFails,
    UnknownDeadLetter,
    reason_of,
)
from shared.errors import NotAnOperator
from shared.follower import Follower
from shared.names import iso
from shared.pipeline import Pipeline

logger = logging.getLogger(__name__)


class Desk:
    """Lists dead letters, shows one, and deals with them in the order of their aggregates."""

    def __init__(
        self, pipeline: Pipeline, followers: Collection[Follower], operators: Collection[str]
    ) -> None:
        self._pipeline = pipeline
        self._recorder = pipeline.store.recorder
        self._followers = {follower.consumer: follower for follower in followers}
        self._operators = operators
        self._verbs: Mapping[str, Callable[[Letter, str], Awaitable[list[DeadLetter]]]] = {
            "show": self._show,
            "redeliver": self._redeliver,
            "discard": self._discard,
        }

    async def serve(self, verb: str, chosen: Chosen, actor: str) -> DeadLetters:
        """Do what an operator asks for; gives the letters that it was about.

        Raises NotAnOperator, UnknownDeadLetter, NotTheFirst, StillFails.
        """
        if actor not in self._operators:
            raise NotAnOperator
        letters = await self._pipeline.on_thread(self._recorder.select_letters)
        if verb == "list":
            return self._page(letters, chosen.number or 0)
        found = [letter for letter in letters if letter.number == chosen.number]
        if not found:
            raise UnknownDeadLetter(number=chosen.number)
        done = await self._verbs[verb](found[0], actor)
        return DeadLetters(letters=tuple(done), more=len(done) >= AT_ONCE)

    def _page(self, letters: Collection[Letter], last: int) -> DeadLetters:
        """The next ones behind that number."""
        behind = [letter for letter in letters if letter.number > last]
        told = sorted(behind, key=attrgetter("number"))[:AT_ONCE]
        return DeadLetters(letters=tuple(map(self._told, told)), more=len(told) < len(behind))

    async def _show(self, letter: Letter, actor: str) -> list[DeadLetter]:
        del actor
        return [DeadLetter.of(self._pipeline.store.service, letter, opened=True)]

    async def _redeliver(self, letter: Letter, actor: str) -> list[DeadLetter]:
        """Handle it again, and what waits behind it."""
        await self._require_first(letter)
        done, failed = await self._handle(letter, actor)
        if failed is not None and not done:
            raise failed
        return done

    async def _discard(self, letter: Letter, actor: str) -> list[DeadLetter]:
        """Go on without it; what waits behind it is handled."""
        await self._require_first(letter)
        await self._followers[letter.consumer].discard(letter)
        await self._settle(letter, "discarded", actor)
        done, _ = await self._handle(letter, actor)
        return [self._told(letter), *done]

    async def _handle(
        self, letter: Letter, actor: str
    ) -> tuple[list[DeadLetter], StillFails | None]:
        """Handle what is open from a letter on, until one fails; more may come meanwhile."""
        done: list[DeadLetter] = []
        while len(done) < AT_ONCE and (waiting := await self._waiting(letter)):
            first = waiting[0]
            try:
                await self._followers[first.consumer].redeliver(first)
            except Exception as error:
                reason = reason_of(error)
                logger.warning("dead letter %d fails again: %s", first.number, reason)
                await self._pipeline.on_thread(self._recorder.update_letter, first.number, reason)
                return done, StillFails(number=first.number, reason=reason)
            await self._settle(first, "redelivered", actor)
            done.append(self._told(first))
        return done, None

    def _told(self, letter: Letter) -> DeadLetter:
        return DeadLetter.of(self._pipeline.store.service, letter)

    async def _require_first(self, letter: Letter) -> None:
        waiting = await self._waiting(letter)
        if not waiting:  # somebody else dealt with it just now
            raise UnknownDeadLetter(number=letter.number)
        if waiting[0].number != letter.number:
            raise NotTheFirst(number=letter.number, first=waiting[0].number)

    async def _waiting(self, letter: Letter) -> list[Letter]:
        """What is open of its aggregate, in order; without an aggregate only itself, if it is."""
        place = letter.consumer, letter.aggregate
        letters = await self._pipeline.on_thread(self._recorder.select_letters)
        return [
            other
            for other in letters
            if other.number == letter.number
            or (letter.aggregate is not None and place == (other.consumer, other.aggregate))
        ]

    async def _settle(self, letter: Letter, how: str, actor: str) -> None:
        time = iso(clock.now())
        settle = self._recorder.settle_letter
        await self._pipeline.on_thread(settle, letter.number, how, actor, time)
        logger.info("dead letter %d was %s by %s", letter.number, how, actor)
