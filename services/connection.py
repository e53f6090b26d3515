"""The command line's way to the services: finds the server, asks once, and ends when told no."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from services.stop import NO_ANSWER, REFUSED, WRONG_USE, Stop
from shared.client import Client, NoReply
from shared.messages import Accepted, Answered, Failed, Refused

S = TypeVar("S", Accepted, Answered)
T = TypeVar("T")


def ask(
    work: Callable[[Client], Awaitable[T]], actor: str, data: Path, nats: str | None, again: str
) -> T:
    """Connect and ask; raises Stop when no reply comes, which says what to do `again`."""
    url = _url(data) if nats is None else nats

    async def run() -> T:
        try:
            opened = await Client.open(url, actor)
        except NoReply as error:
            raise Stop(NO_ANSWER, "no-reply", str(error), "is it up? guestlist up") from error
        async with opened as client:
            return await work(client)

    try:
        return asyncio.run(run())
    except NoReply as error:
        raise Stop(NO_ANSWER, "no-reply", str(error), again) from error


def success(reply: S | Refused | Failed, again: str) -> S:
    """The reply; raises Stop when it is no success."""
    match reply:
        case Refused():
            raise Stop(REFUSED, reply.code, reply.detail, reply.hint)
        case Failed():
            raise Stop(NO_ANSWER, reply.code, reply.detail, again)
    return reply


def _url(data: Path) -> str:
    if not data.is_dir():
        detail = f"there is no folder {data}"
        raise Stop(WRONG_USE, "no-such-folder", detail, "guestlist up makes it, --data names it")
    try:
        return str(json.loads((data / "connection.json").read_text())["nats"])
    except FileNotFoundError:
        detail = f"nothing was started on {data}"
        raise Stop(NO_ANSWER, "not-up", detail, "start it: guestlist up") from None
    except (ValueError, LookupError, TypeError):
        detail = f"{data / 'connection.json'} names no server"
        raise Stop(WRONG_USE, "no-such-folder", detail, "guestlist up writes it anew") from None
