"""Counting what the streams tell, beside the server: it ends with it, and begins anew when it must.

Everything is counted from the beginning, so a gateway that was restarted tells the same figures as
before, and so does every other one; nothing of it is stored.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from datetime import datetime
from typing import NamedTuple

from services.gateway.figures import Figures, Refusal
from services.gateway.problems import NotDone, away
from services.installation.events import HookAnswered
from shared.auditing import Extent, Read
from shared.client import Client, NoReply
from shared.errors import NotYet
from shared.subjects import EVENTS, REFUSALS
from shared.tasks import until_first
from shared.wanted import Wanted

logger = logging.getLogger(__name__)

_AGAIN = 1.0
"""Seconds until it is counted anew after that failed."""
_PATIENCE = 5.0
"""Seconds that who asks waits for what isn't counted yet; Prometheus waits for 10 in all."""


def _hook(headers: Mapping[str, str] | None, body: bytes) -> HookAnswered:
    del headers
    return HookAnswered.model_validate_json(body)


def _refusal(headers: Mapping[str, str] | None, body: bytes) -> Refusal:
    del headers
    return Refusal.model_validate_json(body)


class _Source(NamedTuple):
    """What is read of a stream."""

    stream: str
    subject: str
    read: Read[HookAnswered | Refusal]


_SOURCES = (
    _Source(EVENTS, Wanted(types=frozenset({HookAnswered.TOPIC})).subject(), _hook),
    _Source(REFUSALS, "ref.>", _refusal),
)


class Counting:
    """Counts for as long as the gateway lives."""

    def __init__(self, client: Client, patience: float = _PATIENCE) -> None:
        self._client, self._patience = client, patience
        self._figures = Figures()
        self._made: list[datetime | None] = []
        """When the streams were made that are counted; empty before the first."""
        self._moved, self._anew = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Count for ever. After a failure, and when a stream was made anew, it begins anew too."""
        while True:
            try:
                await self._count()
            except NoReply as error:
                logger.info("nothing can be counted yet: %s", error)
            except Exception:  # nobody is told figures that lag behind, and all else goes on
                logger.exception("what was counted is thrown away")
            await asyncio.sleep(_AGAIN)

    async def now(self) -> Figures:
        """All that the streams have at this moment is counted in it.

        Raises NotDone when it isn't counted in time, and NoReply when NATS doesn't answer.
        """
        extents = await self._extents()
        if self._made != _made(extents):
            self._anew.set()
        try:
            async with asyncio.timeout(self._patience):
                while not self._reaches(extents):
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            raise NotDone(away(NotYet.CODE, "the streams aren't counted to their ends")) from None
        return self._figures

    def _reaches(self, extents: list[Extent]) -> bool:
        """Whether so much of just these streams is counted."""
        places = self._figures.places
        return self._made == _made(extents) and all(
            places[source.stream] >= extent.last
            for source, extent in zip(_SOURCES, extents, strict=True)
        )

    async def _count(self) -> None:
        """Until it has to begin anew."""
        extents = await self._extents()
        self._figures, self._made = Figures(), _made(extents)
        self._anew.clear()
        self._moved.set()
        await until_first(self._until_anew(), *(self._follow(source) for source in _SOURCES))

    async def _until_anew(self) -> None:
        await self._anew.wait()

    async def _follow(self, source: _Source) -> None:
        figures = self._figures
        following = self._client.placed(source.stream, source.subject, source.read)
        async with aclosing(following) as told:
            async for place, row in told:
                if row is not None:
                    figures.count(row)
                figures.reach(source.stream, place)
                self._moved.set()

    async def _extents(self) -> list[Extent]:
        return [await self._client.extent(row.stream, row.subject) for row in _SOURCES]


def _made(extents: list[Extent]) -> list[datetime | None]:
    return [extent.made for extent in extents]
