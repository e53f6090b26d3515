"""A bookmark: how far a named subscription is, kept beside the stream that it follows."""

import asyncio
import json
import uuid
from typing import Self

import nats.errors
import nats.js.errors
from nats.aio.client import Client

from shared.connected import NoReply
from shared.subjects import BOOKMARKS, bookmark_subject

_AGAIN = 0.2


class Elsewhere(Exception):
    """Somebody else follows under that name, and went on."""


class Bookmark:
    """One name's place. Whoever moves it must know where it was, so that two don't share it."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._subject = bookmark_subject(name)
        self._id = uuid.uuid4().hex
        self._sequence = 0
        self.place: int | None = None
        """The last place that was told; None for a name that is new."""

    @classmethod
    async def of(cls, client: Client, name: str) -> Self:
        """As it stands; raises NoReply, and ValueError for no name."""
        mark = cls(client, name)
        try:
            await mark._look()
        except (nats.errors.Error, nats.js.errors.Error) as error:
            raise NoReply(f"there is no stream {BOOKMARKS}") from error
        return mark

    async def move(self, place: int) -> None:
        """Keep that all up to a place was told, once the server is there.

        Raises Elsewhere, and NoReply once the client was closed.
        """
        while True:
            try:
                return await self._move(place)
            except (nats.errors.Error, nats.js.errors.Error) as error:
                if self._client.is_closed:
                    raise NoReply("the client was closed") from error
                await asyncio.sleep(_AGAIN)

    async def _move(self, place: int) -> None:
        body = json.dumps({"place": place, "by": self._id}).encode()
        fence = {"Nats-Expected-Last-Subject-Sequence": str(self._sequence)}
        stream = self._client.jetstream()
        try:
            kept = await stream.publish(self._subject, body, stream=BOOKMARKS, headers=fence)
        except nats.js.errors.BadRequestError:
            if await self._look() != self._id:  # else it was moved by us, and the answer was lost
                raise Elsewhere(f"{self._subject} was moved to {self.place}") from None
        else:
            self.place, self._sequence = place, kept.seq

    async def _look(self) -> str:
        """See where it is; gives who moved it there."""
        try:
            kept = await self._client.jetstream().get_last_msg(BOOKMARKS, self._subject)
        except nats.js.errors.NotFoundError:
            return ""
        told = json.loads(kept.data or b"")
        self.place, self._sequence = int(told["place"]), kept.seq or 0
        return str(told["by"])
