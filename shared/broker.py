"""The bus: the connections to NATS, and the step that makes streams and consumers there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import nats
import nats.errors
from faststream.nats import NatsBroker, NatsMessage
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api

from shared import clock, headers
from shared.consumer import InOrder
from shared.errors import ReplyTooLarge, Unavailable
from shared.messages import REPLY, Command, Envelope, Message, Reply
from shared.readable import drop_unreadable
from shared.requests import attributes_of
from shared.streams import make_streams
from shared.subjects import Address, is_inbox

logger = logging.getLogger(__name__)

ACK_WAIT = 5.0
"""Seconds until what a killed process had been given is given to another. Until then later
events of the same aggregates wait, so it is short; a slow step says that it goes on."""
MAX_GIVEN = 1000
"""Messages that a service is given before it has acknowledged the first of them."""
MAX_PAYLOAD = 256 * 1024
"""Bytes that a message on the bus may have."""
_PING = 10
"""Seconds after which a server that says nothing is asked whether it is there; asked twice in
vain, it counts as away."""
Take = Callable[[Msg], Awaitable[None]]
ASK_TIMEOUT = 5.0
"""Seconds that one service waits for another's reply."""


class Bus:
    """Two connections, so that what waits on one is no reason for the other to wait.

    `requests` is FastStream's. Nothing is injected into its subscribers and nothing is answered by
    itself: an injected parameter costs a change of threads, and replies are ours. Commands and
    queries come by the client of that connection, without FastStream's way in between, which
    costs a quarter of the rate. `events` is for streams and for asking other services.
    """

    events: Client

    def __init__(self, url: str, name: str, reply_prefixes: tuple[str, ...]) -> None:
        self._url = url
        self._reply_prefixes = reply_prefixes
        self._options: dict[str, Any] = {
            "name": name,
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": 0.5,
            "ping_interval": _PING,
            "error_cb": self._on_error,
            "reconnected_cb": self._on_reconnected,
            "closed_cb": self._on_closed,
        }
        self.requests = NatsBroker(url, apply_types=False, logger=None, **self._options)
        self.lost: asyncio.Queue[str] = asyncio.Queue()
        """Why a connection is of no more use, once one is."""
        self._front: list[tuple[str, Take, str]] = []
        self._closing = False
        self._complaints: set[str] = set()
        """What was logged since the server was there; the same again says nothing new."""

    async def connect(self) -> None:
        """Connect for events; tries until the server is there."""
        self.events = await nats.connect(self._url, **self._options)
        drop_unreadable(self.events, terminate=True)
        self._complaints.clear()

    def expect_close(self) -> None:
        """From now on a closed connection is no loss."""
        self._closing = True

    def subscribe(self, subject: str, take: Take, *, queue: str = "") -> None:
        """Take what comes on a subject; with a queue, one of those who take it gets each."""
        self.requests.subscriber(subject, queue=queue, decoder=_raw, no_reply=True)(take)

    def subscribe_front(self, subject: str, take: Take, *, queue: str) -> None:
        """The same for where many come, once the front is open."""
        self._front.append((subject, take, queue))

    async def open_front(self) -> None:
        """Let commands and queries in."""
        client = await self.requests.connect()
        drop_unreadable(client)
        for subject, take, queue in self._front:
            await client.subscribe(subject, queue, take)

    def may_reply(self, subject: str) -> bool:
        """Whether a reply may go there: the service publishes it with its own rights."""
        return is_inbox(subject, self._reply_prefixes)

    async def reply(self, message: Msg, told: Message) -> None:
        """Answer a request, if there is an inbox for the reply."""
        if message.reply and self.may_reply(message.reply):
            message.headers = None  # it would go back with the reply
            await message.respond(reply_body(told))

    async def ask(self, command: Command, envelope: Envelope) -> Reply:
        """Send a command to another service; raises Unavailable when no reply comes."""
        subject = str(Address.of("cmd", command, envelope.actor))
        body = command.model_dump_json(exclude_none=True).encode()
        try:
            message = await self.events.request(
                subject, body, timeout=ASK_TIMEOUT, headers=headers.encode(attributes_of(envelope))
            )
        except nats.errors.Error as error:
            logger.warning("%s isn't answered: %r", subject, error)
            raise Unavailable from error
        return REPLY.validate_json(message.data)

    async def _on_error(self, error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            self.lost.put_nowait(str(error))
        elif (complaint := repr(error)) not in self._complaints:
            self._complaints.add(complaint)
            logger.warning("NATS: %s", complaint)

    async def _on_reconnected(self) -> None:
        self._complaints.clear()
        logger.info("NATS: connected again")

    async def _on_closed(self) -> None:
        if not self._closing:
            self.lost.put_nowait("the connection to NATS was closed")


def reply_body(told: Message) -> bytes:
    """A reply as it is published; where that is more than a message may hold, it says so."""
    body = told.model_dump_json().encode()
    if len(body) > MAX_PAYLOAD:
        body = ReplyTooLarge().reply(clock.now()).model_dump_json().encode()
    return body


async def _raw(message: NatsMessage) -> object:
    return message.raw_message


async def provision(
    stream: JetStreamContext, consumers: Iterable[tuple[str, str, str]] = ()
) -> None:
    """Make the streams that don't exist yet, and the `(stream, name, subjects)` consumers.

    A stream that exists is left as it is, a consumer is set as it has to be. Consumers see every
    event of a service, because a gap in the versions of an aggregate means a lost event.
    """
    await make_streams(stream)
    for source, name, subjects in consumers:
        await stream.add_consumer(
            source,
            InOrder(
                durable_name=name,
                filter_subject=subjects,
                deliver_policy=api.DeliverPolicy.ALL,
                ack_policy=api.AckPolicy.EXPLICIT,
                ack_wait=ACK_WAIT,
                max_ack_pending=MAX_GIVEN,
            ),
        )
