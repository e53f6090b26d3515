"""What of the bus can't be read: a message with such bytes makes a client of NATS deaf for good."""

import logging

from nats.aio.client import Client

logger = logging.getLogger(__name__)

_STORED = b"$JS.ACK."
"""So the reply subject of a message of a stream begins."""


def drop_unreadable(client: Client, *, terminate: bool = False) -> None:
    """Let a client drop messages whose subject or headers are no text.

    By itself it ends its reading there, and nothing else tells that. `terminate`: what comes of a
    stream is never given again; only for a connection on which nobody but a stream has a say.
    """
    process = client._process_msg

    async def guarded(sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        try:
            await process(sid, subject, reply, data, headers)
        except (ValueError, IndexError) as error:
            logger.warning("a message is dropped, it can't be read: %r", error)
            if terminate and reply.startswith(_STORED):
                await client.publish(reply.decode(), b"+TERM")

    client._process_msg = guarded  # type: ignore[method-assign]
