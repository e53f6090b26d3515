"""An audit subscriber that keeps what it saw."""

import asyncio
from typing import TypeVar

from shared.client import Client
from shared.messages import Event
from shared.published import Published

E = TypeVar("E", bound=Event)


class NotSeen(Exception):
    """An event did not come in time."""


class Audit:
    """Follows the audit stream from its start."""

    def __init__(self, client: Client) -> None:
        self.seen: list[Published] = []
        self._client = client
        self._arrived = asyncio.Event()

    async def follow(self) -> None:
        """Keep events for ever."""
        async for published in self._client.events():
            self.keep(published)

    def keep(self, published: Published) -> None:
        """Keep one event; overridden by who also wants to show it."""
        self.seen.append(published)
        self._arrived.set()

    def found(self, kind: type[E], **fields: object) -> list[E]:
        """The events so far of that kind with those fields."""
        events = (published.event() for published in self.seen)
        return [
            event
            for event in events
            if isinstance(event, kind) and fields.items() <= dict(event).items()
        ]

    async def see(self, kind: type[E], *, seconds: float = 5.0, **fields: object) -> E:
        """Wait for an event of that kind with those fields; raises NotSeen."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._arrived.clear()
                    for event in self.found(kind, **fields):
                        return event
                    await self._arrived.wait()
        except TimeoutError:
            raise NotSeen(f"the event {kind.__name__} was not seen") from None
