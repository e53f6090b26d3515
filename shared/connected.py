"""One account's connection: it comes and goes, and operators ask it how things are."""

import asyncio
import logging
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import nats.errors
from nats.aio.client import Client as Connection
from pydantic import TypeAdapter

from shared.dead_letters import Chosen, DeadLetters, Verb
from shared.health import Health
from shared.memory import Memory
from shared.messages import Failed, Refused
from shared.streams import Standing, standing

logger = logging.getLogger("shared.client")
"""What a client tells is told by one name."""

TIMEOUT = 10.0
"""Seconds until a request counts as unanswered; the service refuses to decide it later."""
_CONNECT = 3.0
_LOOK = 1.0
"""Seconds until it is looked again whether a connection is closed."""
_FOR_EVER: dict[str, Any] = {"max_reconnect_attempts": -1, "reconnect_time_wait": 0.2}
_LETTERS: TypeAdapter[DeadLetters | Refused | Failed] = TypeAdapter(DeadLetters | Refused | Failed)


class NoReply(Exception):
    """No reply came: the server or the service is away, or it took too long.

    Whether a command was decided is not known; sending it again under its id tells.
    """


class Connected:
    """Use it as `async with await Client.open(url, "ann")`."""

    def __init__(self, connection: Connection, actor: str, timeout: float = TIMEOUT) -> None:
        self.actor = actor
        self._timeout = timeout
        self._connection = connection
        self.memory = Memory()

    @classmethod
    async def open(cls, url: str, actor: str, *, timeout: float = TIMEOUT) -> Self:  # noqa: ASYNC109
        """Connect; raises NoReply when no server lets us in within 3 seconds.

        `timeout`: seconds until a request counts as unanswered.
        """
        refusals: set[str] = set()

        async def tell(error: Exception) -> None:
            logger.info("NATS: %r", error)
            if "Authorization" in str(error):
                refusals.add(str(error))

        connection = Connection()
        try:
            async with asyncio.timeout(_CONNECT):
                await connection.connect(url, name=actor, error_cb=tell, **_FOR_EVER)
        except BaseException as error:
            await connection.close()  # a half-open one too
            if not isinstance(error, nats.errors.Error | OSError):
                raise
            place = url.rpartition("@")[2].removeprefix("nats://")
            if refusals:
                raise NoReply(f"NATS at {place} refuses this user or password") from error
            raise NoReply(f"no NATS server answers at {place}") from error
        return cls(connection, actor, timeout)

    async def until_closed(self) -> None:
        """Wait until the connection is of no more use, as when the server ended it for good."""
        while not self._connection.is_closed:
            await asyncio.sleep(_LOOK)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # the server may be away
            await self._connection.close()

    async def standing(self, stream: str) -> Standing:
        """How a stream stands on the server; raises NoReply when it tells nothing."""
        try:
            return await standing(self._connection, stream)
        except nats.errors.Error as error:
            raise NoReply(f"NATS tells nothing of its streams: {error!r}") from error

    async def health(self, service: str) -> Health | None:
        """How that service is; None when it doesn't answer."""
        try:
            message = await self._connection.request(f"health.{service}", timeout=1)
        except nats.errors.Error:
            return None
        return Health.model_validate_json(message.data)

    async def dead_letters(
        self,
        service: str,
        verb: Verb = "list",
        number: int | None = None,
        *,
        actor: str | None = None,
    ) -> DeadLetters | Refused | Failed:
        """Ask a service for its dead letters, or deal with one. For operators; raises NoReply.

        All are listed, those behind `number` if it is given; at most 100 are dealt with.
        """
        told = await self._deal(service, verb, number, actor or self.actor)
        while verb == "list" and isinstance(told, DeadLetters) and told.more:
            page = await self._deal(service, verb, told.letters[-1].number, actor or self.actor)
            if not isinstance(page, DeadLetters):
                return page
            told = DeadLetters(letters=told.letters + page.letters, more=page.more)
        return told

    async def _deal(
        self, service: str, verb: Verb, number: int | None, actor: str
    ) -> DeadLetters | Refused | Failed:
        subject = f"dlq.{service}.{verb}.{actor}"
        body = Chosen(number=number).model_dump_json().encode()
        try:
            message = await self._connection.request(subject, body, timeout=self._timeout)
        except nats.errors.Error as error:
            raise NoReply(f"{service} gave no reply: {error!r}") from error
        return _LETTERS.validate_json(message.data)
