"""What is on the bus beside commands, queries and events: refusals, as parts of the document."""

from typing import Any

from services.documents import examples, headers
from services.documents.parts import Json, Part, channel, message, ref
from shared.messages import NOTHING, Message
from shared.refused import Malformed, RefusedCommand

MESSAGES: tuple[type[Message], ...] = (RefusedCommand, Malformed)
"""The kinds of message of this part."""


def refusals(service: str) -> Part:
    """What a service tells of requests that it refused."""
    refused, malformed = f"ref.{service}", f"ref.{service}.malformed"
    address = f"ref.{service}.{{command}}.{{key}}.{{actor}}"
    return Part(
        {
            refused: channel(address, "RefusedCommand"),
            malformed: channel(f"{malformed}.{NOTHING}.{NOTHING}", "Malformed"),
        },
        {
            refused: _sent(refused, "Tell of a command that a rule refused."),
            malformed: _sent(malformed, "Tell of a request that could not be read."),
        },
        {
            "RefusedCommand": _told(RefusedCommand, headers.of_refusal()),
            "Malformed": _told(Malformed, headers.of_malformed()),
        },
    )


def _sent(name: str, summary: str) -> Json:
    return {"action": "send", "channel": ref("channels", name), "summary": summary}


def _told(kind: type[Message], with_headers: dict[str, str]) -> Json:
    example: dict[str, Any] = {"headers": with_headers, "payload": examples.example(kind)}
    return message(kind) | {
        "headers": ref("components/schemas", f"{kind.__name__}Headers"),
        "examples": [example],
    }
