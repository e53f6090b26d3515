"""What is on the bus beside requests and events: refusals, durable commands, and operations."""

from collections.abc import Iterable
from typing import Any

from services import contract
from services.documents import examples, headers
from services.documents.parts import Json, Part, channel, message, ref
from shared.dead_letters import VERBS, Chosen, DeadLetters
from shared.health import Health
from shared.messages import NOTHING, Command, Message
from shared.missing import Found, Missing
from shared.refused import Malformed, RefusedCommand
from shared.requests import REPLY_TO

REFUSALS: tuple[type[Message], ...] = (RefusedCommand, Malformed)
OPERATIONS: tuple[type[Message], ...] = (Health, Chosen, DeadLetters, Missing, Found)
_VERBS = {
    "list": "Tell the dead letters that nobody dealt with.",
    "show": "Tell one of them with what is in it.",
    "redeliver": "Handle one again, and then all that wait behind it.",
    "discard": "Go on without one: an install that waits for it fails; what is behind it is done.",
}


def parts(service: str) -> Iterable[Part]:
    """All of it that is about one service."""
    yield from (_durable(kind) for kind in contract.commands(service) if not kind.SECRET)
    yield _refusals(service)
    yield _asked(f"health.{service}", "Ask", Health, "Tell how it is.")
    yield _asked(f"log.{service}", "Missing", Found, "Tell another service what it misses.")
    for verb in VERBS:
        subject = f"dlq.{service}.{verb}.{{actor}}"
        yield _asked(subject, "Chosen", DeadLetters, _VERBS[verb], "Refused", "Failed")


def messages() -> Json:
    """What is asked, and what is told without being asked."""
    asked = {kind.__name__: _with_example(kind) for kind in (Chosen, Missing)}
    nothing = {"name": "Ask", "summary": "Nothing but a reply subject.", "payload": {}}
    refused = message(RefusedCommand) | {
        "headers": ref("components/schemas", "RefusedCommandHeaders"),
        "examples": [_example(RefusedCommand, headers.of_refusal())],
    }
    malformed = message(Malformed) | {
        "headers": ref("components/schemas", "MalformedHeaders"),
        "examples": [_example(Malformed, headers.of_malformed())],
    }
    return {**asked, "Ask": nothing, "RefusedCommand": refused, "Malformed": malformed}


def _durable(kind: type[Command]) -> Part:
    name = f"que.{kind.SERVICE}.{kind.__name__}"
    address = f"{name}.{{{kind.KEY}}}.{{actor}}"
    reply = {
        "address": {"location": f"$message.header#/{REPLY_TO}"},
        "channel": ref("channels", f"cmd.{kind.SERVICE}.{kind.__name__}.reply"),
    }
    operation = {
        "action": "receive",
        "channel": ref("channels", name),
        "summary": f"{kind.__name__}, kept in COMMANDS until it is decided.",
        "reply": reply,
    }
    return Part({name: channel(address, kind.__name__)}, {name: operation}, {})


def _refusals(service: str) -> Part:
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
        {},
    )


def _asked(address: str, asked: str, told: type[Message], summary: str, *others: str) -> Part:
    """Something that is asked for, and the reply."""
    name = address.removesuffix(".{actor}")
    answer = f"{told.__name__}.success"
    operation = {
        "action": "receive",
        "channel": ref("channels", name),
        "summary": summary,
        "reply": {"channel": ref("channels", f"{name}.reply")},
    }
    return Part(
        {name: channel(address, asked), f"{name}.reply": channel(None, answer, *others)},
        {name: operation},
        {answer: _with_example(told)},
    )


def _sent(name: str, summary: str) -> Json:
    return {"action": "send", "channel": ref("channels", name), "summary": summary}


def _with_example(kind: type[Message]) -> Json:
    return message(kind) | {"examples": [{"payload": examples.example(kind)}]}


def _example(kind: type[Message], with_headers: dict[str, str]) -> dict[str, Any]:
    return {"headers": with_headers, "payload": examples.example(kind)}
