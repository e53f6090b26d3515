"""Durable commands: they wait in a stream until their service decides them, then are answered."""

import json
import logging
from collections.abc import Callable, Mapping
from functools import partial

from nats.aio.client import Client
from nats.aio.msg import Msg

from shared import clock, headers
from shared.dead_letters import Letter
from shared.errors import DeadlinePassed, Internal, Refusal
from shared.follower import Follower
from shared.messages import Answer, Command, Failed, Reply
from shared.pipeline import Pipeline
from shared.requests import REPLY_TO, Asked, read
from shared.subjects import COMMANDS

logger = logging.getLogger(__name__)

_AT_ONCE = 256
_RETRY = 1.0
"""Seconds until a command that failed for a passing reason is tried again."""

Refuse = Callable[[Msg, Refusal], None]
"""Tells of a message that can't be read."""


class NotDecided(Exception):
    """A command failed; the reason is its text."""


class Durable(Follower):
    """Decides the commands of a service that wait in `COMMANDS`, begun in the order of the stream.

    One that failed for a passing reason is tried again later, and those behind it go by.
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

    async def run(self, client: Client) -> None:
        """Decide for ever; raises ConsumerGone, in a group."""
        await self.side_by_side(client, _AT_ONCE, partial(self._take, client))

    async def redeliver(self, letter: Letter) -> None:
        """Decide a command that was given up on; its caller is gone, so no one is answered."""
        attributes = headers.decode(json.loads(letter.headers))
        asked = self._read(letter.subject, attributes, letter.body, letter.message_id)
        reply = await self.pipeline.answer(asked)
        if isinstance(reply, Failed):
            raise NotDecided(f"{reply.code}: {reply.detail}")

    async def discard(self, letter: Letter) -> None:
        """Nothing waits behind it."""

    async def _take(self, client: Client, message: Msg) -> None:
        attributes = headers.decode(message.headers)
        id_ = attributes.get("ce-id") or _id(message)
        reply: Reply | Answer
        try:
            asked = self._read(message.subject, attributes, message.data, id_)
        except Refusal as refusal:
            self._refuse(message, refusal)
            reply = refusal.reply(id_)
        else:
            reply = await self.pipeline.answer(asked)
        if isinstance(reply, Failed) and reply.code != DeadlinePassed.CODE:
            await self._failed(message, reply)
            return
        reply_to = attributes.get(REPLY_TO)
        if reply_to is not None and self._may_reply(reply_to):
            await client.publish(reply_to, reply.model_dump_json().encode())
        await message.ack()

    async def _failed(self, message: Msg, reply: Failed) -> None:
        """Let it come again; only what is unexpected is given up on in the end."""
        if reply.code == Internal.CODE:
            await self.failed(message, NotDecided(f"{reply.code}: {reply.detail}"))
        else:
            logger.info("%s waits: %s", message.subject, reply.code)
            await message.nak(delay=_RETRY)

    def _read(self, subject: str, attributes: Mapping[str, str], body: bytes, id_: str) -> Asked:
        return read(
            subject, attributes, body, request_id=id_, time=clock.now(), classes=self._classes
        )


def _id(message: Msg) -> str:
    """The same for each delivery of a message, and another for every other message."""
    place = message.metadata
    return f"queued-{place.sequence.stream}-{place.timestamp.timestamp():.6f}"
