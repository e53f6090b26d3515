"""The contract as pages for people, one for each service, and one with what they share."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services import contract
from services.cli.codes import catalogue
from services.contract import SERVICES
from services.documents import asyncapi, between, headers, output
from services.documents.asyncapi import event_subject, request_subject
from services.documents.examples import example, gives, position, success
from services.documents.settings_page import settings
from shared.messages import Command, Event, Request

Json = dict[str, Any]
_KINDS = {
    "refused": "A rule said no. The same command gets the same answer; give a new one a new id.",
    "failed": "Nothing was decided, and nothing is left of it, but where the rule says otherwise. "
    "It may be sent again.",
    "over HTTP": "Said by the gateway itself. Its other codes are those of the services, and "
    "`no-reply` and `damaged`, as below.",
    "command line": "Said by the command line itself. Nothing was decided, but where the rule says "
    "that this isn't known, or that what began goes on.",
}
_MADE = "Made by `guestlist docs`."
_OVERVIEW = """\
{made} Everything that may be asked of the services, and all that they tell: {links}.
The same stands in [asyncapi.json](asyncapi.json) for programs, as AsyncAPI 3.
"""
_ASKING = """\
A command is a NATS request on `cmd.<service>.<Command>.<key>.<actor>`, a query one on
`qry.<service>.<Query>.<key>.<actor>`, with a JSON object as its body. The key is the field that the
subject names in braces, an app key in small letters with `:` for each dot. The actor is the account
that asks. Values of headers are percent-encoded, as the NATS binding of CloudEvents has it.
"""
_REPLIES = """\
The `status` says which of these a reply is. A query is answered with `ok` where a command is
`accepted`. A [code](../codes.md) never changes its meaning."""
_EVENTS = """\
Events stand in the stream `EVENTS` as CloudEvents in binary mode, those of an aggregate in order,
on `evt.<service>.<Event>.<app>`, with `_` where there is no app. They only gain optional fields:
ignore what you don't know.
"""
_REFUSALS = """\
What a rule refused stands in the stream `REFUSALS`, in the order in which a service decided, on
`ref.<service>.<Command>.<key>.<actor>`. A request that can't be read is told of at most once, on
`ref.<service>.malformed._._`.
"""
_DURABLE = """\
A command without a field for a token may be put on `que.<service>.<Command>.<key>.<actor>` instead,
with the same body and headers: the stream `COMMANDS` keeps it until its service decides it. The
reply goes to the inbox in `ce-replyto`, if there is one. Others are refused there.
"""
_OPERATIONS = """\
How a service is, is asked on `health.<service>`. What it gave up on, on
`dlq.<service>.<list|show|redeliver|discard>.<actor>`, by operators, with the number of a dead
letter as the body but for `list`. Services ask each other for events that they miss, on
`log.<service>`.
"""


def codes() -> str:
    """The catalogue of codes."""
    lines = ["# Codes", "", f"{_MADE} A code never changes its meaning."]
    for kind, title in _KINDS.items():
        lines += ["", f"## {kind[0].upper()}{kind[1:]}", "", title, ""]
        rows = []
        for entry in catalogue().values():
            if entry.kind == kind:
                todo = entry.hint if entry.next is None else f"{entry.hint}: `{entry.next}`"
                rows.append((f'<a id="{entry.code}"></a>`{entry.code}`', entry.rule, todo))
        lines += _table(("code", "rule", "what to do"), rows)
    return "\n".join(lines) + "\n"


def overview(schemas: Json) -> str:
    """What is the same for all messages."""
    links = ", ".join(f"[{service}]({service}.md)" for service in SERVICES)
    lines = ["# Messages", "", _OVERVIEW.format(made=_MADE, links=links)]
    lines += ["## Asking", "", _ASKING, *_meanings(headers.REQUEST), ""]
    lines += ["None of them is needed. As the client sends them:", ""]
    lines += [*_block(headers.of_request()), "", "## Replies", "", _REPLIES]
    for name in ("Accepted", "Refused", "Failed", "Answered", "EventRef"):
        lines += _shape_of(name, schemas)
    lines += ["", "## Events", "", _EVENTS, *_meanings(headers.EVENT)]
    lines += ["", "## Refusals", "", _REFUSALS, *_meanings(headers.REFUSAL)]
    for kind in between.REFUSALS:
        lines += [*_shape_of(kind.__name__, schemas), "", *_block(example(kind))]
    lines += ["", "## Durable commands", "", _DURABLE, "## Operations", "", _OPERATIONS.rstrip()]
    for kind in between.OPERATIONS:
        lines += [*_shape_of(kind.__name__, schemas), "", *_block(example(kind))]
    lines += ["", "## Shapes", "", "What stands inside of them."]
    for name in ("DeadLetter", "StoredEvent", "Meta"):
        lines += _shape_of(name, schemas)
    return "\n".join(lines) + "\n"


def of_service(service: str, schemas: Json) -> str:
    """All messages of a service."""
    lines = [
        f"# Messages of {service}",
        "",
        f"{_MADE} See [Messages](README.md) for what all share.",
    ]
    commands, queries = contract.commands(service), contract.queries(service)
    lines += ["", "## Commands"]
    for command in commands:
        lines += _request(command, schemas)
    lines += ["", "## Queries"]
    for query in queries:
        lines += _request(query, schemas)
    lines += ["", "## Events"]
    for event in contract.events(service):
        lines += _event(event, schemas)
    told = [kind for kind in map(gives, [*commands, *queries]) if kind is not None]
    lines += ["", "## Shapes", "", "What stands inside of replies and requests."]
    asked = [kind.__name__ for kind in (*commands, *queries)]
    shapes = _inside(schemas, [*(kind.__name__ for kind in told), *asked])
    for name in (shape for shape in shapes if shape not in asked):
        lines += _shape_of(name, schemas)
    return "\n".join(lines) + "\n"


def _json(data: Json) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _request(kind: type[Request], schemas: Json) -> Iterator[str]:
    schema = schemas[kind.__name__]
    yield from ("", f"### {kind.__name__}", "", _text(schema), "")
    yield f"`{request_subject(kind)}`"
    yield from ("", *_fields(schema))
    if issubclass(kind, Command) and kind.ENDS:
        yield from ("", f"What it begins ends with {_or(kind.ENDS)}.")
    yield from ("", *_block(example(kind)), "")
    given = gives(kind)
    yield "Gives nothing but its events." if given is None else f"Gives {_shape(given.__name__)}:"
    if given is not None:
        yield from ("", *_block(success(kind)))


def _event(kind: type[Event], schemas: Json) -> Iterator[str]:
    schema = schemas[kind.__name__]
    yield from ("", f"### {kind.__name__}", "", _text(schema), "")
    yield f"`{event_subject(kind)}`, as `{position(kind)}`"
    yield from ("", *_fields(schema), "", *_block(example(kind)), "")
    yield f"In one line: *{kind.model_validate(example(kind)).line()}*"


def _shape_of(name: str, schemas: Json) -> list[str]:
    return ["", f"### {name}", "", _text(schemas[name]), "", *_fields(schemas[name])]


def _meanings(texts: Mapping[str, str]) -> list[str]:
    return _table(("header", "meaning"), [(f"`{name}`", text) for name, text in texts.items()])


def _fields(schema: Json) -> list[str]:
    if "enum" in schema:
        return [f"One of {_or(schema['enum'])}."]
    needed = set(schema.get("required", ()))
    rows: list[tuple[str, ...]] = [
        (
            f"`{name}`" + ("" if name in needed else " (optional)"),
            _type(field),
            " ".join(field.get("description", "").split()),
        )
        for name, field in schema.get("properties", {}).items()
    ]
    if not any(meaning for *_, meaning in rows):
        rows = [row[:-1] for row in rows]
    return _table(("field", "type", "meaning")[: len(rows[0])], rows) if rows else ["No fields."]


def _type(field: Json) -> str:
    """A JSON Schema in a few words."""
    match field:
        case {"$ref": reference}:
            return _shape(reference.rpartition("/")[2])
        case {"enum": values}:
            return _or(values)
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"oneOf": [*_]}:
            return "a [code](../codes.md)"
        case {"anyOf": [*kinds]}:
            return " or ".join(_type(kind) for kind in kinds if kind.get("type") != "null")
        case {"type": "array"}:
            return f"list of {_type(field.get('items', {}))}"
        case {"type": "string", "format": "date-time"}:
            return "time, ISO 8601"
        case {"type": "string", "pattern": pattern}:
            return f"text, `{pattern}`"
        case {"type": "string", "maxLength": most}:
            return f"text of {field.get('minLength', 0)} to {most} characters"
        case {"type": "string"}:
            return "text"
        case {"type": kind}:
            return str(kind)
    return "anything"


def _inside(schemas: Json, names: Iterable[str]) -> list[str]:
    """These and all shapes that they hold, in order."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name not in found and schemas[name].keys() & {"properties", "enum"}:
            found[name] = None
            text = json.dumps(schemas[name])
            waiting += [other for other in schemas if f'/{other}"' in text]
    return list(found)


def _shape(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _text(schema: Json) -> str:
    return str(schema.get("description", ""))


def _or(values: Iterable[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _block(value: Json) -> list[str]:
    return ["```json", *json.dumps(value, indent=2, ensure_ascii=False).splitlines(), "```"]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    made = [f"| {' | '.join(row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *made]


def files() -> dict[str, str]:
    """All documents, by their path within the folder of documents."""
    from services.gateway.app import made  # what serves HTTP takes a while to import

    document = asyncapi.document()
    schemas = document["components"]["schemas"]
    return {
        "codes.md": codes(),
        "settings.md": settings(),
        "messages/README.md": overview(schemas),
        **{f"messages/{service}.md": of_service(service, schemas) for service in SERVICES},
        "messages/asyncapi.json": _json(document),
        "openapi.json": _json(made().openapi()),
        "output.schema.json": _json(output.schema()),
    }
