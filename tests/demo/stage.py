"""The stage of the demo: sends for many accounts, shows what comes, notes what held."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.cli.output import line
from shared.client import Client, NoReply
from shared.messages import Accepted, Answered, Command, Query, Reply
from shared.published import Published
from tests.clients.audit import Audit, NotSeen


class Missing(Exception):
    """Something that the story needs did not happen."""


@dataclass
class Held:
    """A sentence of the story, and what was missing if it didn't hold."""

    sentence: str
    missing: str | None = None


class _ShownAudit(Audit):
    def keep(self, published: Published) -> None:
        event = published.event()
        told = "" if event is None else event.line()
        line(f"      audit  {published.topic.partition('.')[2]:22} {told}")
        super().keep(published)


class Stage:
    """Prints each command with its outcome and each event as it arrives."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.audit: Audit = _ShownAudit(client)
        self.held: list[Held] = []
        self.tokens: list[str] = []
        """Every token that was given out; none may be found anywhere afterwards."""

    async def play(self, parts: Sequence[Callable[[], Awaitable[None]]]) -> None:
        """Play the parts of a story in order and note whether the sentence of each held."""
        following = asyncio.create_task(self.audit.follow())
        for part in parts:
            sentence = (part.__doc__ or "").strip()
            line("")
            line(sentence)
            try:
                await part()
                self.held.append(Held(sentence))
            except (Missing, NotSeen, NoReply) as missing:
                line(f"      MISSING: {missing}")
                self.held.append(Held(sentence, str(missing)))
        following.cancel()

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
