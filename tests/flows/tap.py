"""A tap on the bus of a house: every message is held against the AsyncAPI document."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from services.documents.asyncapi import document
from services.supervisor import Supervisor
from shared import headers

_PUBLISHED = re.compile(r"cid:(?P<client>\d+) .*<<- \[(?P<words>H?PUB .*)\]$")
_PAYLOAD = re.compile(r'cid:(?P<client>\d+) .*<<- MSG_PAYLOAD: \[(?P<text>".*")\]$')
AT_THE_DOOR = {"bad-request", "subject-mismatch", "secret-not-durable"}
"""With these codes a service refuses what is no message of the document."""
DOCUMENT = document()
REGISTRY: Registry[Any] = Registry().with_resource("urn:doc", DRAFT7.create_resource(DOCUMENT))
STATUS = {"refused": "Refused", "failed": "Failed"}
OPERATIONS = {
    "health": ("Ask", "Health"),
    "log": ("Missing", "Found"),
    "dlq": ("Chosen", "DeadLetters"),
}
"""What is asked on a plane, and what is told."""
seen: set[str] = set()
"""The operations of the document that were seen on the bus of any house."""


def unseen() -> list[str]:
    """The operations of the document that nobody used."""
    return sorted(DOCUMENT["operations"].keys() - seen)


class Heard(NamedTuple):
    """One message."""

    subject: str
    reply: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """The body as JSON, an empty one as an empty object; bytes when it is none."""
        try:
            return json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            return self.body


class TappedSupervisor(Supervisor):
    """Has its NATS log every message, which changes nothing for who sends and who listens.

    A subscriber would: what is asked of a dead service has nobody else who listens.
    """

    gateway = False
    """What is asked over HTTP is asked in a house of its own."""

    def _configure(self) -> None:
        super()._configure()
        with (self.data / "nats.conf").open("a") as file:
            file.write("trace: true\n")


def heard(log: Path) -> Iterator[Heard]:
    """The messages that clients published, from the log of a server that traces."""
    begun: dict[str, list[str]] = {}
    with log.open(errors="replace") as lines:
        for line in lines:
            if said := _PUBLISHED.search(line):
                words = said["words"].split()
                if words[-1] == "0":  # no payload follows
                    yield _message(words, b"")
                else:
                    begun[said["client"]] = words
            elif (said := _PAYLOAD.search(line)) and (known := begun.pop(said["client"], None)):
                yield _message(known, ast.literal_eval(said["text"]).encode())


def _message(words: list[str], payload: bytes) -> Heard:
    """A message from the words `PUB subject [reply] [size of headers] size` and its payload."""
    verb, subject, *rest = words
    sizes = 2 if verb == "HPUB" else 1
    size = int(rest[-2]) if verb == "HPUB" else 0
    told = (line.partition(": ") for line in payload[:size].decode().split("\r\n")[1:] if line)
    attributes = headers.decode({name: value for name, _, value in told})
    return Heard(subject, "".join(rest[:-sizes]), attributes, payload[size:])


def judged(messages: Iterable[Heard]) -> Iterator[str]:
    """What is wrong with these messages."""
    known = list(messages)
    replies = {row.subject: row for row in known if row.subject.startswith("_INBOX.")}
    for message in known:
        plane, *parts = message.subject.split(".")
        if plane == "evt":
            name = ".".join(parts[:2])
            yield from _wrong(message, name, name)
        elif plane == "ref":
            unread = parts[1] == "malformed"
            name = f"ref.{parts[0]}" + ".malformed" * unread
            yield from _wrong(message, name, "Malformed" if unread else "RefusedCommand")
        elif plane == "que" and f"que.{parts[0]}.{parts[1]}" in DOCUMENT["operations"]:
            reply = replies.get(message.headers.get("ce-replyto", ""))
            yield from _exchanged(message, reply, f"que.{parts[0]}.{parts[1]}", parts[1])
        elif plane in {"cmd", "qry", "que"}:
            name = ".".join([plane, *parts[:2]])
            yield from _exchanged(message, replies.get(message.reply), name, parts[1])
        elif plane in OPERATIONS:
            asked, told = OPERATIONS[plane]
            name = ".".join([plane, *parts[: 2 if plane == "dlq" else 1]])
            yield from _exchanged(message, replies.get(message.reply), name, asked, told)


def _exchanged(
    message: Heard, reply: Heard | None, name: str, asked: str, told: str | None = None
) -> Iterator[str]:
    """What is wrong with a request and its reply."""
    wrong = list(_wrong(message, name, asked))
    if reply is None:
        return
    data = reply.data
    if wrong and (data.get("status") != "refused" or data.get("code") not in AT_THE_DOOR):
        yield from (f"{problem}, but was answered with {data}" for problem in wrong)
    answer = STATUS.get(data.get("status"), f"{told or asked}.success")
    if answer in DOCUMENT["components"]["messages"]:
        yield from _problems(answer, "payload", data)
    else:
        yield f"{message.subject} was answered with {data}"


def _wrong(message: Heard, operation: str, kind: str) -> Iterator[str]:
    """What is wrong with a message of that operation; if nothing is, the operation was seen."""
    if operation not in DOCUMENT["operations"]:
        yield f"{message.subject} belongs to no operation"
        return
    problems = [
        *_misplaced(message.subject, DOCUMENT["channels"][operation]["address"]),
        *_problems(kind, "headers", message.headers),
        *_problems(kind, "payload", message.data),
    ]
    yield from problems
    if not problems:
        seen.add(operation)


def _misplaced(subject: str, address: str) -> Iterator[str]:
    parts, wanted = subject.split("."), address.split(".")
    fixed = [part for part in zip(parts, wanted, strict=False) if not part[1].startswith("{")]
    if len(parts) != len(wanted) or any(found != part for found, part in fixed):
        yield f"{subject} is not {address}"


def _problems(kind: str, part: str, data: Any) -> Iterator[str]:
    if part in DOCUMENT["components"]["messages"][kind]:
        for error in _validator(kind, part).iter_errors(data):
            yield f"{kind}: {part}: {error.json_path}: {error.message[:300]}"


@cache
def _validator(kind: str, part: str) -> Draft7Validator:
    schema = {"$ref": f"urn:doc#/components/messages/{kind}/{part}"}
    return Draft7Validator(schema, registry=REGISTRY)
