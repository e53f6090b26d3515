"""The stream of all events: how it is declared, and how it stands on a server."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.js import api

from shared.subjects import EVENTS

STREAM = api.StreamConfig(
    name=EVENTS,
    subjects=["evt.>"],
    retention=api.RetentionPolicy.LIMITS,
    storage=api.StorageType.FILE,
    discard=api.DiscardPolicy.NEW,
    max_msg_size=256 * 1024,
    duplicate_window=600,
    deny_delete=True,
    deny_purge=True,
    allow_atomic=True,
)


@dataclass(frozen=True)
class Standing:
    """What a server says of the stream, at its own time."""

    time: datetime | None
    """None when there is no such stream: then the server tells no time."""
    differences: dict[str, tuple[Any, Any]]
    """From the name of a setting to how it is declared and how it was found."""


async def standing(connection: Client) -> Standing:
    """Ask a server for the stream; raises the library's error when it has no JetStream."""
    message = await connection.request(f"$JS.API.STREAM.INFO.{EVENTS}", b"", timeout=5)
    told = json.loads(message.data)
    if "error" in told:
        if told["error"]["code"] != 404:
            raise nats.errors.Error(told["error"]["description"])
        return Standing(None, {})
    found = told["config"]
    declared = {name: value for name, value in STREAM.as_dict().items() if value is not None}
    return Standing(
        datetime.fromisoformat(told["ts"]),
        {
            name: (value, found.get(name))
            for name, value in declared.items()
            if (found.get(name) or None) != (value or None)  # what is off or 0 may be left out
        },
    )
