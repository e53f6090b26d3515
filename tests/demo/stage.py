"""The stage of the demo: sends for many accounts, watches the audit stream, notes what held."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from services.output import line
from shared.client import Client, NoReply
from shared.messages import Accepted, Answered, Command, Event, Query, Reply
from shared.published import Published

PATIENCE = 2.0
"""Seconds that the demo waits for an event."""
E = TypeVar("E", bound=Event)


class Missing(Exception):
    """Something that the story needs was not seen."""


@dataclass
class Held:
    """A sentence of the story, and what was missing if it didn't hold."""

    sentence: str
    missing: str | None = None


@dataclass
class Stage:
    """Prints each command with its outcome and each event as it arrives."""

    client: Client
    seen: list[Published] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    """Every token that was given out; none may be found anywhere afterwards."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self) -> None:
        """Follow the audit stream for ever."""
        async for published in self.client.events():
            event = published.event()
            told = "" if event is None else event.summary()
            line(f"      audit  {published.topic.partition('.')[2]:22} {told}")
            self.seen.append(published)
            self.arrived.set()

    async def play(self, part: Callable[[], Awaitable[None]]) -> None:
        """Play a part of the story and note whether its sentence held."""
        sentence = (part.__doc__ or "").strip()
        line("")
        line(sentence)
        try:
            await part()
            self.held.append(Held(sentence))
        except (Missing, NoReply) as missing:
            line(f"      MISSING: {missing}")
            self.held.append(Held(sentence, str(missing)))

    async def send(self, actor: str, command: Command) -> Reply:
        """Send a command and print its outcome."""
        reply = await self.client.send(command, actor=actor)
        outcome = reply.position if isinstance(reply, Accepted) else reply.code
        fields = command.model_dump(mode="json", exclude_none=True).items()
        asked = " ".join(f"{name}={value}" for name, value in fields)
        line(f"  {actor:9} {type(command).__name__} {asked}")
        line(f"            {reply.status} {outcome}")
        return reply

    async def accept(self, actor: str, command: Command) -> Accepted:
        """Send a command that has to be accepted."""
        reply = await self.send(actor, command)
        if not isinstance(reply, Accepted):
            raise Missing(f"{type(command).__name__} was {reply.status}: {reply.code}")
        if isinstance(token := reply.result.get("token"), str):
            self.tokens.append(token)
        return reply

    async def refuse(self, actor: str, command: Command, code: str) -> None:
        """Send a command that has to be refused with that code."""
        reply = await self.send(actor, command)
        if isinstance(reply, Accepted):
            raise Missing(f"{type(command).__name__} was accepted, not refused with {code}")
        if reply.code != code:
            raise Missing(f"{type(command).__name__} was refused with {reply.code}, not {code}")

    async def ask(self, actor: str, query: Query) -> Answered:
        """Ask a query that has to be answered."""
        answer = await self.client.query(query, actor=actor)
        if not isinstance(answer, Answered):
            raise Missing(f"{type(query).__name__} was {answer.status}: {answer.code}")
        return answer

    async def see(self, kind: type[E], **fields: object) -> E:
        """Wait until the audit stream has brought an event of that kind with those fields."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    self.arrived.clear()
                    for event in (published.event() for published in self.seen):
                        if isinstance(event, kind) and fields.items() <= dict(event).items():
                            return event
                    await self.arrived.wait()
        except TimeoutError:
            raise Missing(f"the event {kind.__name__} was not seen") from None
