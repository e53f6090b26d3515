"""Reading the streams of what happened and of what was refused, over outages of the server."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import NamedTuple, TypeVar

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import api

from shared.bookmark import Bookmark
from shared.connected import Connected, NoReply
from shared.consumer import ConsumerGone, messages
from shared.published import Published
from shared.refused import PublishedRefusal
from shared.subjects import EVENTS, REFUSALS
from shared.wanted import EVERYTHING, Wanted

logger = logging.getLogger("shared.client")
"""What a client tells is told by one name."""

_AGAIN = 0.2
_MOVED_EVERY = 100
"""Places after which a bookmark is moved while its subscription is behind."""
_INACTIVE = 60.0
"""Seconds after which the server forgets a subscriber that is gone."""
S = TypeVar("S")
Read = Callable[[Mapping[str, str] | None, bytes], S]
"""Headers and body of a message → what it says; raises KeyError or ValueError for others' ones."""


class Extent(NamedTuple):
    """How far a stream goes."""

    made: datetime | None
    """When, by the server's clock; it is another stream when that differs."""
    last: int
    """The last place in it under a subject; 0 when there is none."""


class Auditor(Connected):
    """A connection by which the audit is read."""

    async def events(
        self, *, after: int = 0, follow: bool = True, wanted: Wanted = EVERYTHING
    ) -> AsyncGenerator[Published, None]:
        """The audit stream: what is in it after that place, then what comes (`follow`).

        It goes on by itself where it stopped when the server was away, and passes over what
        is no event. Raises NoReply when there is no stream, or the client was closed.
        """
        async with aclosing(
            self.placed(EVENTS, wanted.subject(), Published.read, after, follow=follow)
        ) as events:
            async for _, published in events:
                if published is not None and wanted(published):
                    yield published

    async def subscription(
        self, name: str, *, after: int = 0, follow: bool = True, wanted: Wanted = EVERYTHING
    ) -> AsyncGenerator[Published, None]:
        """The audit stream from where the subscription of that name stopped; `after` for a new one.

        An event counts as told when the next one is asked for: after a crash it comes once more,
        and while the subscription is far behind up to a hundred do. It begins anew when the stream
        was filled anew. Raises NoReply as `events` does, Elsewhere when another follows under the
        name, and ValueError for what can't be a name.
        """
        mark = await Bookmark.of(self._connection, name)
        start, end = after if mark.place is None else mark.place, await self.last()
        start = start if start <= end else 0
        async with aclosing(
            self.placed(EVENTS, "evt.>", Published.read, start, follow=follow)
        ) as events:
            async for place, published in events:
                if published is not None and wanted(published):
                    yield published
                if place >= end or place % _MOVED_EVERY == 0:
                    await mark.move(place)

    async def refusals(
        self, *, after: int = 0, follow: bool = True, wanted: Wanted = EVERYTHING
    ) -> AsyncGenerator[PublishedRefusal, None]:
        """The same for requests that were refused: who asked what, and why not."""
        async with aclosing(
            self.placed(REFUSALS, "ref.>", PublishedRefusal.read, after, follow=follow)
        ) as refusals:
            async for _, refusal in refusals:
                if refusal is not None and wanted(refusal):
                    yield refusal

    async def placed(
        self, name: str, subject: str, read: Read[S], after: int = 0, *, follow: bool = True
    ) -> AsyncGenerator[tuple[int, S | None], None]:
        """What is in a stream under a subject after a place, and what comes, with its place.

        None stands for what is none of ours. Raises NoReply as `events` does.
        """
        stream = self._connection.jetstream()
        last, following = await self.last(name), after + 1
        while follow or following <= last:
            try:
                consumer = await stream.add_consumer(name, _follow(following, subject))
                if not (follow or consumer.num_pending):
                    return
                async with aclosing(
                    messages(self._connection, name, consumer.name or "")
                ) as delivered:
                    async for message in delivered:
                        place = message.metadata.sequence.stream
                        if place >= following:
                            following = place + 1
                            yield place, _read(message, read, name)
                        if not follow and (following > last or not message.metadata.num_pending):
                            return
            except (ConsumerGone, nats.errors.Error, nats.js.errors.Error) as error:
                if self._connection.is_closed:
                    raise NoReply("the client was closed") from error
                logger.info("following again from %d: %r", following, error)
                await asyncio.sleep(_AGAIN)

    async def last(self, name: str = EVENTS) -> int:
        """The last place in a stream, the audit's; raises NoReply when there is no stream."""
        try:
            return (await self._connection.jetstream().stream_info(name)).state.last_seq
        except (nats.errors.Error, nats.js.errors.Error) as error:
            raise NoReply(f"there is no stream {name}") from error

    async def extent(self, name: str, subject: str) -> Extent:
        """How far a stream goes under a subject; raises NoReply when there is no stream."""
        stream = self._connection.jetstream()
        try:
            made = (await stream.stream_info(name)).created
            try:
                return Extent(made, (await stream.get_last_msg(name, subject)).seq or 0)
            except nats.js.errors.NotFoundError:
                return Extent(made, 0)
        except (nats.errors.Error, nats.js.errors.Error) as error:
            raise NoReply(f"there is no stream {name}") from error

    async def before(self, time: datetime, name: str = EVENTS) -> int:
        """The last place in a stream that was filled before `time`, by the server's clock.

        Raises NoReply when there is no stream.
        """
        stream = self._connection.jetstream()
        try:
            state = (await stream.stream_info(name)).state
            low, high = max(state.first_seq, 1), state.last_seq + 1  # an empty one begins at 0
            while low < high:
                middle = (low + high) // 2
                filled = (await stream.get_msg(name, middle)).time
                low, high = (middle + 1, high) if filled and filled < time else (low, middle)
        except (nats.errors.Error, nats.js.errors.Error) as error:
            raise NoReply(f"there is no stream {name}") from error
        return low - 1


def _read(message: Msg, read: Read[S], name: str) -> S | None:
    try:
        return read(message.headers, message.data)
    except (KeyError, ValueError):
        place = message.metadata.sequence.stream
        logger.warning("message %d of %s is none of ours: %s", place, name, message.subject)
        return None


def _follow(start: int, subject: str) -> api.ConsumerConfig:
    return api.ConsumerConfig(
        deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=start,
        filter_subject=subject,
        ack_policy=api.AckPolicy.NONE,
        inactive_threshold=_INACTIVE,
    )
