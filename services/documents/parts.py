"""The pieces of an AsyncAPI document."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from services.documents import examples
from shared.messages import Message

Json = dict[str, Any]
_PARAMETERS = {
    "actor": ("The account that asks.", "ann"),
    "command": ("The name of the command.", "CreateToken"),
    "key": ("The key of the aggregate that was asked.", "com:example:roadmap"),
}


class Part(NamedTuple):
    """What one kind of message adds to the document."""

    channels: Json
    operations: Json
    messages: Json


def channel(subject: str | None, *messages: str) -> Json:
    """A channel for a subject; without one it is the inbox that a request names."""
    told: Json = {
        "address": subject,
        "messages": {name: ref("components/messages", name) for name in messages},
    }
    names = [part[1:-1] for part in (subject or "").split(".") if part.startswith("{")]
    if names:
        told["parameters"] = {name: _parameter(name) for name in names}
    return told


def message(kind: type[Message]) -> Json:
    """A message with its schema."""
    return {
        "name": kind.__name__,
        "summary": summary(kind),
        "payload": ref("components/schemas", kind.__name__),
    }


def headers(texts: Mapping[str, str], required: Iterable[str]) -> Json:
    """The schema of headers."""
    properties = {name: {"type": "string", "description": text} for name, text in texts.items()}
    return {"type": "object", "properties": properties, "required": list(required)}


def summary(kind: type[object]) -> str:
    """What the source says of a class, in one line."""
    return (kind.__doc__ or "").partition("\n")[0]


def ref(place: str, name: str) -> Json:
    """A reference within the document."""
    return {"$ref": f"#/{place}/{name}"}


def _parameter(name: str) -> Json:
    if name in _PARAMETERS:
        meaning, shown = _PARAMETERS[name]
        return {"description": meaning, "examples": [shown]}
    shown = str(examples.FIELDS[name]).replace(".", ":")
    return {"description": f"The {name} in the body.", "examples": [shown]}
