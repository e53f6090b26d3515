"""The horizon: up to where a service has handled what happened in the services that it follows."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from shared.names import Position
from shared.tasks import wait_for_signal

PATIENCE = 2.0
"""Seconds that a request waits for what it comes after."""
_LOOK = 0.05
"""Seconds from one look into the store to the next, while somebody waits."""
_REMEMBERED = 4096
"""Aggregates of which it is known without the store how far they were handled."""

Look = Callable[[str, Sequence[str]], Awaitable[Mapping[str, int]]]
"""(service, aggregates) → up to which version each was handled, from the store."""
_Reached = Mapping[tuple[str, str], int]


class Horizon:
    """Lets requests wait together: however many there are, the store is asked once a look.

    What an inbox of this process handles it tells; the store knows what another instance did.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._followed: set[str] = set()
        self._reached: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._waiting: dict[asyncio.Future[None], list[Position]] = {}
        self._more = asyncio.Event()
        """Set when one more waits."""
        self._looking: asyncio.Task[None] | None = None

    def follow(self, service: str) -> None:
        """From now on events of that service come into an inbox here."""
        self._followed.add(service)

    def follows(self, service: str) -> bool:
        """Whether what happens there is ever handled here."""
        return service in self._followed

    def see(self, positions: Iterable[Position]) -> None:
        """Remember that what came up to these positions was handled; who waited for it goes on."""
        for service, aggregate, version in positions:
            place = service, aggregate
            self._reached[place] = max(version, self._reached.pop(place, 0))
            if len(self._reached) > _REMEMBERED:
                self._reached.popitem(last=False)
        self._release(self._reached)

    async def reach(self, positions: Iterable[Position]) -> None:
        """Wait until what came up to these positions was handled; raises TimeoutError.

        Nobody waits for what this service doesn't follow. Raises what the store raises.
        """
        wanted = [position for position in positions if self.follows(position.service)]
        if _has(self._reached, wanted):
            return
        waits: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[waits] = wanted
        self._more.set()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on())
        try:
            async with asyncio.timeout(PATIENCE):
                await waits
        finally:
            self._waiting.pop(waits, None)

    async def _look_on(self) -> None:
        """Look into the store as long as somebody waits."""
        while self._waiting:
            await wait_for_signal(self._more, _LOOK)
            try:
                self._release(await self._from_store())
            except Exception as error:
                for waits in self._waiting:
                    if not waits.done():
                        waits.set_exception(error)
                self._waiting.clear()

    async def _from_store(self) -> _Reached:
        """How far everything is for which somebody waits."""
        wanted: defaultdict[str, set[str]] = defaultdict(set)
        for positions in self._waiting.values():
            for service, aggregate, _ in positions:
                wanted[service].add(aggregate)
        return {
            (service, aggregate): version
            for service, aggregates in wanted.items()
            for aggregate, version in (await self._look(service, sorted(aggregates))).items()
        }

    def _release(self, reached: _Reached) -> None:
        for waits, wanted in self._waiting.items():
            if not waits.done() and _has(reached, wanted):
                waits.set_result(None)


def _has(reached: _Reached, wanted: Iterable[Position]) -> bool:
    return all(
        reached.get((service, aggregate), 0) >= version for service, aggregate, version in wanted
    )
