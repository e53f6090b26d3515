"""Durable commands: they wait in a stream until their service decides them, then are answered."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from weakref import WeakValueDictionary

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import clock, headers
from shared.broker import ACK_WAIT, MAX_GIVEN, reply_body
from shared.consumer import ConsumerGone
from shared.dead_letters import Letter
from shared.errors import DeadlinePassed, Internal, NotYet, Refusal, UnknownPosition
from shared.follower import Follower
from shared.messages import Answer, Command, Envelope, Failed, Reply
from shared.missing import Missing, ask
from shared.names import Position
from shared.pipeline import Pipeline
from shared.reconnecting import reconnected
from shared.requests import REPLY_TO, Asked, read
from shared.subjects import COMMANDS
from shared.tasks import until_first

logger = logging.getLogger(__name__)

_AT_ONCE = 256
"""Commands that are decided at once; others, up to `MAX_GIVEN`, wait for their turn."""
_RETRY = 1.0
"""Seconds until a command that failed for a passing reason is tried again."""
_UNTIL_AGAIN = ACK_WAIT * 1.1
"""Seconds until the server gives anew what was given to a process that died, or got lost."""
_GATHER = 0.25
"""Seconds for all of it to arrive, before the first is decided."""

Refuse = Callable[[Msg, Refusal], None]
"""Tells of a message that can't be read."""


class NotDecided(Exception):
    """A command failed; the reason is its text."""


class Durable(Follower):
    """Decides the commands of a service that wait in `COMMANDS`, each once.

    Those about one aggregate are decided one after the other in the order of the stream: while
    one fails for a passing reason, those behind it wait, and all others go on, unless so many
    wait that the server gives no more. With several instances of the service that holds for what
    one of them got.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        classes: Mapping[str, type[Command]],
        may_reply: Callable[[str], bool],
        refuse: Refuse,
    ) -> None:
        service = pipeline.store.service
        super().__init__(COMMANDS, f"{service}_commands", f"que.{service}.>", pipeline)
        self._classes = classes
        self._may_reply = may_reply
        self._refuse = refuse
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By the key of the aggregate; a lock lets in who came first."""
        self._deciding = asyncio.Semaphore(_AT_ONCE)

    async def run(self, client: Client) -> None:
        """Decide for ever; raises ConsumerGone, alone or in a group.

        What is given while the connection is lost never arrives, so it begins anew then.
        """
        while True:
            await until_first(self._decide_all(client), reconnected(client))

    async def _decide_all(self, client: Client) -> None:
        """Decide what comes; first, in its order, what was given and not decided."""
        given = await self._anything_given(client)
        if given:
            await asyncio.sleep(_UNTIL_AGAIN)
        take, gather = partial(self._take, client), _GATHER if given else 0.0
        await self.side_by_side(client, MAX_GIVEN, take, gather=gather)

    async def redeliver(self, letter: Letter) -> None:
        """Decide a command that was given up on; its caller is gone, so no one is answered."""
        attributes = headers.decode(json.loads(letter.headers))
        id_ = attributes.get("ce-id") or letter.message_id
        asked = self._read(letter.subject, attributes, letter.body, id_)
        reply = await self.pipeline.answer(asked)
        if isinstance(reply, Failed):
            raise _not_decided(reply)

    async def discard(self, letter: Letter) -> None:
        """Nothing waits behind it."""

    async def _take(self, client: Client, message: Msg) -> None:
        attributes = headers.decode(message.headers)
        id_ = attributes.get("ce-id") or _id(message)
        reply: Reply | Answer | None
        try:
            asked = self._read(message.subject, attributes, message.data, id_)
            async with self._turns.setdefault(asked.request.key, asyncio.Lock()):
                reply = await self._decide(client, message, asked)
        except Refusal as refusal:
            self._refuse(message, refusal)
            reply = refusal.reply(id_)
        if reply is None:
            return
        reply_to = attributes.get(REPLY_TO)
        if reply_to is not None and self._may_reply(reply_to):
            await client.publish(reply_to, reply_body(reply))
        await message.ack()

    async def _decide(self, client: Client, message: Msg, asked: Asked) -> Reply | Answer | None:
        """The reply, however often it has to be tried; None when it was given up on.

        Only what is unexpected is given up on in the end. Raises UnknownPosition for what would
        wait for ever.
        """
        attempt = message.metadata.num_delivered
        while True:
            async with self._deciding:
                reply = await self.pipeline.answer(asked)
            if not isinstance(reply, Failed) or reply.code == DeadlinePassed.CODE:
                return reply
            if reply.code != Internal.CODE:
                logger.info("%s waits: %s", message.subject, reply.code)
                if reply.code == NotYet.CODE:
                    await self._require_happened(client, asked.envelope)
                await asyncio.sleep(_RETRY)
                continue
            if await self.given_up(message, _not_decided(reply), attempt):
                return None
            await asyncio.sleep(self.delay(attempt))
            attempt += 1

    async def _require_happened(self, client: Client, envelope: Envelope) -> None:
        """Ask whether it comes after what never happened; a service that is away may know of it."""
        for position in map(Position.parse, envelope.after):
            if self.pipeline.horizon.follows(position.service):
                with suppress(nats.errors.Error, ValueError):
                    found = await ask(client, position.service, Missing.at(position))
                    if not found.events:
                        raise UnknownPosition(position=str(position))

    async def _anything_given(self, client: Client) -> bool:
        """Whether a process was given something that it didn't decide; raises ConsumerGone.

        Unless more is asked for meanwhile, that comes before what nobody was given.
        """
        try:
            info = await client.jetstream().consumer_info(self.stream, self.consumer)
        except (nats.errors.Error, OSError) as error:  # it is made anew, once the server is there
            raise ConsumerGone(repr(error)) from error
        return bool(info.num_ack_pending)

    def _read(self, subject: str, attributes: Mapping[str, str], body: bytes, id_: str) -> Asked:
        return read(
            subject, attributes, body, request_id=id_, time=clock.now(), classes=self._classes
        )


def _id(message: Msg) -> str:
    """The same for each delivery of a message, and another for every other message."""
    place = message.metadata
    return f"queued-{place.sequence.stream}-{place.timestamp.timestamp():.6f}"


def _not_decided(reply: Failed) -> NotDecided:
    return NotDecided(f"{reply.code}: {reply.detail}")
