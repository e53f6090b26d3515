"""The contract as an AsyncAPI 3 document: what the services receive, reply and send.

Source: the AsyncAPI specification 3.0.0. Payloads are JSON Schema as pydantic makes it.
"""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Literal

from pydantic.json_schema import models_json_schema

from services import contract
from services.cli.codes import catalogue
from services.contract import SERVICES
from services.documents import between, examples, headers
from services.documents.comments import comments
from services.documents.parts import Json, Part, channel, message, ref, summary
from services.documents.parts import headers as header_schema
from shared.messages import (
    NOTHING,
    Accepted,
    Answered,
    Command,
    Event,
    Failed,
    Message,
    Refused,
    Request,
)


def document() -> Json:
    """All of it, as JSON data."""
    contract.load()
    requests = [
        kind
        for service in SERVICES
        for kind in (*contract.commands(service), *contract.queries(service))
    ]
    events = [kind for service in SERVICES for kind in contract.events(service)]
    parts = [*map(_request, requests), *map(_event, events)]
    parts += [part for service in SERVICES for part in between.parts(service)]
    messages = {kind.__name__: message(kind) for kind in (Refused, Failed)}
    messages |= between.messages()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Guestlist",
            "version": version("guestlist"),
            "description": "A private app marketplace: commands and queries in, events out. "
            "Values of headers are percent-encoded, as the NATS binding of CloudEvents has it. "
            "An app key stands in a subject in small letters, with : for each dot.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"nats": {"host": "127.0.0.1:4222", "protocol": "nats"}},
        "channels": {name: row for part in parts for name, row in part.channels.items()},
        "operations": {name: row for part in parts for name, row in part.operations.items()},
        "components": {
            "messages": messages
            | {name: row for part in parts for name, row in part.messages.items()},
            "schemas": _schemas([*requests, *events, *between.REFUSALS, *between.OPERATIONS]),
        },
    }


def request_subject(kind: type[Request]) -> str:
    """The subject of a command or query, with its parameters in braces."""
    plane = "cmd" if issubclass(kind, Command) else "qry"
    key = NOTHING if kind.KEY is None else f"{{{kind.KEY}}}"
    return f"{plane}.{kind.SERVICE}.{kind.__name__}.{key}.{{actor}}"


def event_subject(kind: type[Event]) -> str:
    """The subject of an event, with its parameters in braces."""
    return f"evt.{kind.TOPIC}.{'{app_key}' if 'app_key' in kind.model_fields else NOTHING}"


def _request(kind: type[Request]) -> Part:
    subject = request_subject(kind)
    name = ".".join(subject.split(".")[:3])
    success = f"{kind.__name__}.success"
    asked = message(kind) | {
        "headers": ref("components/schemas", "RequestHeaders"),
        "examples": [{"headers": headers.of_request(), "payload": examples.example(kind)}],
    }
    return Part(
        {
            name: channel(subject, kind.__name__),
            f"{name}.reply": channel(None, success, "Refused", "Failed"),
        },
        {name: _replied(name, kind)},
        {kind.__name__: asked, success: _success(kind)},
    )


def _event(kind: type[Event]) -> Part:
    told = message(kind) | {
        "headers": ref("components/schemas", "EventHeaders"),
        "examples": [
            {
                "headers": headers.of_event(kind, examples.position(kind)),
                "payload": examples.example(kind),
            }
        ],
    }
    operation = {
        "action": "send",
        "channel": ref("channels", kind.TOPIC),
        "summary": summary(kind),
    }
    return Part(
        {kind.TOPIC: channel(event_subject(kind), kind.TOPIC)},
        {kind.TOPIC: operation},
        {kind.TOPIC: told},
    )


def _replied(name: str, kind: type[Request]) -> Json:
    told: Json = {
        "action": "receive",
        "channel": ref("channels", name),
        "summary": summary(kind),
        "reply": {"channel": ref("channels", f"{name}.reply")},
    }
    if issubclass(kind, Command) and kind.ENDS:
        told["x-ends-with"] = [f"{kind.SERVICE}.{event}" for event in kind.ENDS]
    return told


def _success(kind: type[Request]) -> Json:
    base, field = (Accepted, "result") if issubclass(kind, Command) else (Answered, "data")
    given = examples.gives(kind)
    inside = {"maxProperties": 0} if given is None else ref("components/schemas", given.__name__)
    both = [ref("components/schemas", base.__name__), {"properties": {field: inside}}]
    return message(base) | {
        "payload": {"allOf": both},
        "examples": [{"payload": examples.success(kind)}],
    }


def _schemas(kinds: Iterable[type[Message]]) -> Json:
    """The JSON Schemas by name, with what the source says of fields."""
    given = [examples.gives(kind) for kind in kinds if issubclass(kind, Request)]
    replies: list[type[Message]] = [Accepted, Answered, Refused, Failed]
    replies += [kind for kind in given if kind is not None]
    modes: list[tuple[type[Message], Literal["validation", "serialization"]]] = [
        *((kind, "validation") for kind in kinds),
        *((kind, "serialization") for kind in dict.fromkeys(replies)),
    ]
    _, made = models_json_schema(modes, ref_template="#/components/schemas/{model}")
    schemas: Json = _untitled(made["$defs"])
    for model, _ in modes:
        for name, text in comments(model).items():
            schemas[model.__name__]["properties"][name]["description"] = text
    for reply in (Refused, Failed):
        schemas[reply.__name__]["properties"]["code"] = {
            "oneOf": [
                {"const": entry.code, "description": entry.rule}
                for entry in catalogue().values()
                if entry.kind == reply.__name__.lower()
            ]
        }
    schemas["RequestHeaders"] = header_schema(headers.REQUEST, required=())
    schemas["RefusedCommandHeaders"] = header_schema(headers.REFUSAL, required=headers.REFUSAL)
    schemas["MalformedHeaders"] = header_schema(headers.MALFORMED, required=headers.MALFORMED)
    schemas["EventHeaders"] = header_schema(headers.EVENT, required=[*headers.EVENT][:-1])
    return schemas


def _untitled(schema: Any) -> Any:
    """A schema without the titles that only repeat the names of fields."""
    match schema:
        case dict():
            kept = {name: row for name, row in schema.items() if not _is_title(name, row)}
            return {name: _untitled(row) for name, row in kept.items()}
        case list():
            return [_untitled(row) for row in schema]
    return schema


def _is_title(name: str, row: Any) -> bool:
    return name == "title" and isinstance(row, str)
