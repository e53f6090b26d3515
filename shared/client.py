"""The client: send commands, ask queries and follow the audit stream from any Python program."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import TypeVar

import nats.errors
import nats.js.errors
from nats.aio.subscription import Subscription
from pydantic import TypeAdapter

from shared import clock, headers
from shared.auditing import Auditor
from shared.connected import NoReply
from shared.errors import Busy, NotYet, Unavailable
from shared.memory import Memory
from shared.messages import (
    ANSWER,
    REPLY,
    Accepted,
    Answer,
    Answered,
    Command,
    Envelope,
    Failed,
    Query,
    Reply,
    Request,
)
from shared.names import Position
from shared.published import Published
from shared.requests import REPLY_TO, attributes_of
from shared.subjects import COMMANDS, Address, Plane

__all__ = ["Client", "NoReply", "Queued"]

PASSING = {failure.CODE for failure in (Busy, NotYet, Unavailable)}
"""Failures that pass by themselves."""
_AGAIN = 0.2
R = TypeVar("R", Reply, Answer)


class Client(Auditor):
    """One account's connection. Use it as `async with await Client.open(url, "ann")`.

    It remembers what it last saw of each app, partner and site, by a reply or the outcome of a
    command, and what it asks next is answered after that: it reads its own writes back across
    services.
    """

    async def send(
        self,
        command: Command,
        *,
        actor: str | None = None,
        command_id: str | None = None,
        dry_run: bool = False,
    ) -> Reply:
        """Send a command; raises NoReply, and ValueError for an actor that is no account.

        After a dry run the reply tells what would happen, and nothing has.
        """
        envelope = self._envelope(command, actor, command_id).model_copy(
            update={"dry_run": dry_run}
        )
        reply = await self._ask("cmd", command, envelope, REPLY)
        if isinstance(reply, Accepted) and not reply.dry_run:
            self.memory.remember(command, reply.position)
        return reply

    async def query(self, query: Query, *, actor: str | None = None) -> Answer:
        """Ask a query; raises NoReply, and ValueError for an actor that is no account."""
        answer = await self._ask("qry", query, self._envelope(query, actor, None), ANSWER)
        if isinstance(answer, Answered):
            self.memory.remember(query, answer.position)
        return answer

    async def outcome(
        self, command: Command, reply: Accepted, *, after: int = 0
    ) -> AsyncGenerator[Published, None]:
        """The events to which an accepted command led, as they are published.

        The last one is that which ends what the command began, else the last one of the reply.
        `after` is a place in the audit stream before them. Raises NoReply as `events` does.
        """
        waited = {event.id for event in reply.events}
        flow = reply.command_id
        if not waited:
            return
        begun = Position.parse(reply.events[-1].id)
        async with aclosing(self.events(after=after)) as events:
            async for published in events:
                ends = command.ENDS and _ends(command, reply, begun, published)
                if published.meta.correlation_id == flow or ends:
                    self.memory.remember(command, published.id)
                    yield published
                waited.discard(str(published.position))
                if ends or not (command.ENDS or waited):
                    return

    async def enqueue(
        self, command: Command, *, actor: str | None = None, command_id: str | None = None
    ) -> "Queued":
        """Put a command where it is kept until its service decides it, however long that is away.

        Raises NoReply when it isn't known to be kept, and ValueError for one that may hold a
        token: that is never kept.
        """
        if command.SECRET:
            raise ValueError(f"{type(command).__name__} may hold a token, so it can't be kept")
        envelope = self._envelope(command, actor, command_id).model_copy(update={"deadline": None})
        inbox = self._connection.new_inbox()
        replies = await self._connection.subscribe(inbox, max_msgs=1)
        subject = str(Address.of("que", command, envelope.actor))
        told = attributes_of(envelope) | {REPLY_TO: inbox}
        try:
            await self._connection.jetstream(timeout=self._timeout).publish(
                subject,
                command.model_dump_json(exclude_none=True).encode(),
                stream=COMMANDS,
                headers=headers.encode(told),
            )
        except (nats.errors.Error, nats.js.errors.Error) as error:
            raise NoReply(f"{COMMANDS} gave no reply: {error!r}") from error
        return Queued(command, envelope.id, replies, self.memory)

    def _envelope(self, request: Request, actor: str | None, command_id: str | None) -> Envelope:
        now = clock.now()
        id_ = command_id or uuid.uuid4().hex
        return Envelope(
            id=id_,
            actor=actor or self.actor,
            time=now,
            deadline=now + timedelta(seconds=self._timeout),
            correlation_id=id_,
            after=self.memory.after(request),
        )

    async def _ask(
        self, plane: Plane, request: Request, envelope: Envelope, replies: TypeAdapter[R]
    ) -> R:
        """The reply; a failed request is sent again under its id until its time is up."""
        subject = str(Address.of(plane, request, envelope.actor))
        body = request.model_dump_json(exclude_none=True).encode()
        attributes = headers.encode(attributes_of(envelope))
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                message = await self._connection.request(
                    subject, body, timeout=deadline - time.monotonic(), headers=attributes
                )
            except nats.errors.Error as error:
                reason = str(error) or type(error).__name__
                raise NoReply(f"{request.SERVICE} gave no reply: {reason}") from error
            reply = replies.validate_json(message.data)
            again = isinstance(reply, Failed) and reply.code in PASSING
            if not again or time.monotonic() + _AGAIN > deadline:
                return reply
            await asyncio.sleep(_AGAIN)


class Queued:
    """A command that is kept; whoever waits for its reply gets it once it is decided."""

    def __init__(
        self, command: Command, command_id: str, replies: Subscription, memory: Memory
    ) -> None:
        self.command_id = command_id
        self._command = command
        self._replies = replies
        self._memory = memory

    async def reply(self, timeout: float) -> Reply:  # noqa: ASYNC109
        """The reply; raises NoReply when it takes longer than so many seconds."""
        try:
            message = await self._replies.next_msg(timeout=timeout)
        except nats.errors.Error as error:
            raise NoReply(f"{self.command_id} isn't decided yet") from error
        reply = REPLY.validate_json(message.data)
        if isinstance(reply, Accepted):
            self._memory.remember(self._command, reply.position)
        return reply


def _ends(command: Command, reply: Accepted, begun: Position, published: Published) -> bool:
    """Whether that is the event which ends what an accepted command began."""
    if published.position[:2] != begun[:2] or published.position <= begun:
        return False
    event = published.event()
    same = getattr(event, "installation_id", None) == reply.result.get("installation_id")
    return type(event).__name__ in command.ENDS and same
