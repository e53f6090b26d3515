"""The command line's way to the services: finds the server, asks once, and ends when told no."""

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from services.cli.arguments import folder, way
from services.cli.options import PATIENCE
from services.cli.stop import NO_ANSWER, REFUSED, WRONG_USE, Stop
from shared.errors import Refusal
from shared.memory import Memory
from shared.messages import Accepted, Answered, Failed, Refused
from shared.tasks import ending

if TYPE_CHECKING:
    from shared.client import Client

S = TypeVar("S", Accepted, Answered)
T = TypeVar("T")


def ask(
    work: Callable[["Client"], Awaitable[T]],
    actor: str,
    data: Path,
    nats: str | None,
    again: str,
    timeout: float = PATIENCE,
) -> T:
    """Connect and ask; raises Stop when no reply comes, which says what to do `again`.

    What the folder's server showed is remembered there: the next call is answered after it.
    """
    from shared.client import Client, NoReply  # here, as it would slow every help

    url = server(data) if nats is None else nats
    kept = data / "seen.json" if nats is None else None

    async def run() -> T:
        try:
            opened = await Client.open(url, actor, timeout=timeout)
        except NoReply as error:
            raise Stop(NO_ANSWER, "no-reply", str(error), "start it", "guestlist up") from error
        async with opened as client:
            before = _recall(client.memory, kept)
            try:
                return await work(client)
            finally:
                _keep(client.memory, kept, before)

    try:
        return asyncio.run(ending(run()))  # so that one Ctrl-C is enough
    except NoReply as error:
        raise Stop(NO_ANSWER, "no-reply", str(error), again) from error


def success(reply: S | Refused | Failed, again: str) -> S:
    """The reply; raises Stop when it is no success."""
    match reply:
        case Refused():
            raise refused(reply.code, reply.detail, reply.hint)
        case Failed():
            raise Stop(NO_ANSWER, reply.code, reply.detail, again)
    return reply


def refused(code: str, detail: str, hint: str = "") -> Stop:
    """What to raise for a refusal; it names the next call where this program knows it."""
    known = Refusal.TABLE.get(code)
    if known is None or known.NEXT is None:
        return Stop(REFUSED, code, detail, hint or (known.HINT if known else ""))
    return Stop(REFUSED, code, detail, known.HINT, f"guestlist {way(known.NEXT)} {known.NEXT}")


def server(data: Path) -> str:
    """The address of the server that runs on a folder; raises Stop."""
    folder(data)
    try:
        return str(json.loads((data / "connection.json").read_text())["nats"])
    except FileNotFoundError:
        detail = f"nothing was started on {data}"
        raise Stop(NO_ANSWER, "not-up", detail, "start it", "guestlist up") from None
    except (ValueError, LookupError, TypeError):
        detail = f"{data / 'connection.json'} names no server"
        raise Stop(WRONG_USE, "no-such-folder", detail, "write it anew", "guestlist up") from None


def _recall(memory: Memory, kept: Path | None) -> str:
    """Take over what was kept, if it can be read; gives the memory as it is then."""
    if kept is not None:
        with contextlib.suppress(OSError, ValueError):
            memory.read(kept.read_text())
    return memory.text()


def _keep(memory: Memory, kept: Path | None, before: str) -> None:
    """Keep what is new, whole or not at all; who may only read the folder keeps nothing."""
    text = memory.text()
    if kept is None or text == before:
        return
    new = kept.with_suffix(f".{os.getpid()}")
    try:
        new.write_text(text)
        new.replace(kept)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
