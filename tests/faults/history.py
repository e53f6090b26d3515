"""What callers saw: who asked what when, and what came of it."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from services.token.commands import CreateToken, RemoveToken
from shared.client import Client, NoReply
from shared.messages import Accepted, Command, Failed, Refused, Reply

_PAUSE = 0.1
"""Seconds until who got no answer asks again: all at once would hold up what just starts."""


@dataclass
class Operation:
    """One command, however often it had to be sent until there was an answer."""

    id: str
    actor: str
    command: Command
    called: float
    returned: float = 0.0
    reply: Accepted | Refused | None = None
    unknown: int = 0
    """How often no reply came, so that nobody knew whether it was decided."""
    failed: int = 0

    @property
    def version(self) -> int:
        """Of the aggregate after it; 0 when it changed nothing."""
        if not isinstance(self.reply, Accepted) or not self.reply.events:
            return 0
        return self.reply.events[-1].version


@dataclass
class History:
    """All operations, and how many wait for an answer now."""

    operations: list[Operation] = field(default_factory=list)
    open: int = 0
    different: list[str] = field(default_factory=list)
    """Answers that were different when they were asked for again."""

    @property
    def answered(self) -> int:
        """How many were answered by now."""
        return len(self.operations) - self.open

    async def perform(self, client: Client, actor: str, command: Command, id_: str) -> Reply:
        """Send a command until it is answered; nothing is left unknown."""
        operation = Operation(id_, actor, command, time.monotonic())
        self.operations.append(operation)
        self.open += 1
        try:
            while operation.reply is None:
                reply = await self._try(client, operation)
                if isinstance(reply, Accepted | Refused):
                    operation.reply = reply
            operation.returned = time.monotonic()
        finally:
            self.open -= 1
        return operation.reply

    async def repeat(self, client: Client, operation: Operation) -> None:
        """Ask once more for an answer that is known."""
        again = await self._try(client, operation)
        first = operation.reply
        if first is None or not isinstance(again, Accepted | Refused):
            return
        if _told(again) != _told(first):
            self.different.append(f"{operation.id}: first {first}, then {again}")

    async def _try(self, client: Client, operation: Operation) -> Reply | None:
        try:
            reply = await client.send(
                operation.command, actor=operation.actor, command_id=operation.id
            )
        except NoReply:
            operation.unknown += 1
            await asyncio.sleep(_PAUSE)
            return None
        if isinstance(reply, Failed):
            operation.failed += 1
            await asyncio.sleep(_PAUSE)
        return reply

    @property
    def on_tokens(self) -> int:
        """How many answers there are about apps' tokens, each of which has to fit all others."""
        return sum(len(rows) for _, rows in self.of_apps())

    def of_apps(self) -> Iterator[tuple[str, list[Operation]]]:
        """The answered operations on the tokens of each app."""
        apps: dict[str, list[Operation]] = {}
        for row in self.operations:
            if isinstance(row.command, CreateToken | RemoveToken) and row.reply is not None:
                apps.setdefault(row.command.key, []).append(row)
        yield from apps.items()


def _told(reply: Accepted | Refused) -> dict[str, Any]:
    return reply.model_dump(exclude={"repeated"})
