"""The streams: how each is declared, and how it stands on a server."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from shared.messages import Command
from shared.subjects import BOOKMARKS, COMMANDS, EVENTS, REFUSALS, durable_subject

_LIMITS: dict[str, Any] = {
    "storage": api.StorageType.FILE,
    "discard": api.DiscardPolicy.NEW,
    "max_msg_size": 256 * 1024,
    "duplicate_window": 600,
    "deny_delete": True,
    "deny_purge": True,
}


def declared() -> dict[str, api.StreamConfig]:
    """All streams, by name. What happened is kept for ever, what is asked until it is decided, and
    of each bookmark the newest.

    A command that may hold a token has no place in a stream, so that none gets onto its disk.
    """
    durable = sorted(durable_subject(kind) for kind in Command.TABLE.values() if not kind.SECRET)
    for_ever = _LIMITS | {"retention": api.RetentionPolicy.LIMITS, "allow_atomic": True}
    queued = _LIMITS | {"retention": api.RetentionPolicy.WORK_QUEUE}
    newest = _LIMITS | {"max_msgs_per_subject": 1, "deny_delete": False, "deny_purge": False}
    return {
        EVENTS: api.StreamConfig(name=EVENTS, subjects=["evt.>"], **for_ever),
        REFUSALS: api.StreamConfig(name=REFUSALS, subjects=["ref.>"], **for_ever),
        COMMANDS: api.StreamConfig(name=COMMANDS, subjects=durable, **queued),
        BOOKMARKS: api.StreamConfig(name=BOOKMARKS, subjects=["bkm.*"], **newest),
    }


async def make_streams(stream: JetStreamContext) -> None:
    """Make the streams that don't exist yet, and let the queue take commands that are new.

    Otherwise what exists is left as it is.
    """
    for name, wanted in declared().items():
        try:
            found = (await stream.stream_info(name)).config
        except NotFoundError:
            await stream.add_stream(wanted)
            continue
        missing = set(wanted.subjects or ()) - set(found.subjects or ())
        if name == COMMANDS and missing:
            found.subjects = sorted({*(found.subjects or ()), *missing})
            await stream.update_stream(found)


@dataclass(frozen=True)
class Standing:
    """What a server says of a stream, at its own time."""

    time: datetime | None
    """None when there is no such stream: then the server tells no time."""
    differences: dict[str, tuple[Any, Any]]
    """From the name of a setting to how it is declared and how it was found."""


async def standing(connection: Client, name: str) -> Standing:
    """Ask a server for a stream; raises the library's error when it has no JetStream."""
    message = await connection.request(f"$JS.API.STREAM.INFO.{name}", b"", timeout=5)
    told = json.loads(message.data)
    if "error" in told:
        if told["error"]["code"] != 404:
            raise nats.errors.Error(told["error"]["description"])
        return Standing(None, {})
    found = told["config"]
    wanted = {key: value for key, value in declared()[name].as_dict().items() if value is not None}
    return Standing(
        datetime.fromisoformat(told["ts"]),
        {
            key: (value, found.get(key))
            for key, value in wanted.items()
            if (found.get(key) or None) != (value or None)  # what is off or 0 may be left out
        },
    )
