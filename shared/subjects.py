"""NATS subjects: how requests and events are addressed, and what is no address."""

import re
from typing import Literal, NamedTuple, Self

from shared.messages import NOTHING, Command, Event, Request
from shared.names import fold, is_app_key, is_id

Plane = Literal["cmd", "qry", "que", "ref"]
"""Commands and queries, commands that wait in a stream, and refusals."""
EVENTS, REFUSALS, COMMANDS, BOOKMARKS = "EVENTS", "REFUSALS", "COMMANDS", "BOOKMARKS"
"""The streams of what happened, of what was refused, of what is still to be decided, and of how
far named subscriptions are."""
_PART = re.compile(r"[!-)+-=?-~]+")
"""Of an inbox: what can be seen of ASCII but for * and >."""
_LONGEST = 255
"""Characters of an inbox."""


class Address(NamedTuple):
    """`<plane>.<service>.<name>.<key>.<actor>`, the subject of a command or query.

    The actor stands in it because NATS tells a subscriber nothing of the publisher but what
    the publisher's permissions let it write here.
    """

    plane: str
    service: str
    name: str
    key: str
    actor: str

    def __str__(self) -> str:
        return ".".join((*self[:3], encode(self.key), self.actor))

    @classmethod
    def of(cls, plane: Plane, request: Request, actor: str) -> Self:
        """Where to send `request`; raises ValueError when a part can't stand in a subject."""
        if not is_id(actor):
            raise ValueError(f"no account: {actor!r}")
        return cls(plane, request.SERVICE, type(request).__name__, request.key, actor)

    @classmethod
    def parse(cls, subject: str) -> Self:
        """Read a subject; raises ValueError when key or actor is malformed."""
        parts = subject.split(".")
        if len(parts) != 5:
            raise ValueError("wanted <plane>.<service>.<name>.<key>.<actor>")
        plane, service, name, key, actor = parts
        if not is_id(actor):
            raise ValueError("the actor is no account")
        return cls(plane, service, name, decode(key), actor)


def encode(key: str) -> str:
    """An app key, or an id, as one token of a subject."""
    return fold(key).replace(".", ":")


def decode(token: str) -> str:
    """The key behind a token of a subject; raises ValueError when there is none."""
    key = token.replace(":", ".")
    if token != encode(key) or not (is_id(key) or is_app_key(key) or key == NOTHING):
        raise ValueError("the key is neither an app key nor an id")
    return key


def event_subject(event: Event) -> str:
    """Where `event` is published: `evt.<service>.<Event>.<app>`."""
    app = NOTHING if event.app is None else encode(event.app)
    return f"evt.{event.TOPIC}.{app}"


def durable_subject(kind: type[Command]) -> str:
    """Where commands of a kind wait until their service decides them."""
    return f"que.{kind.SERVICE}.{kind.__name__}.*.*"


def malformed_subject(service: str) -> str:
    """Where it is told that something couldn't be read."""
    return f"ref.{service}.malformed.{NOTHING}.{NOTHING}"


def bookmark_subject(name: str) -> str:
    """Where it is kept how far a named subscription is; raises ValueError for no name."""
    if not is_id(name):
        raise ValueError(f"a subscription is named by small letters, digits and -, not {name!r}")
    return f"bkm.{name}"


def is_inbox(subject: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a reply may be sent to `subject`.

    A requester chooses the reply subject and the service publishes there with its own
    rights, so anything but an inbox would let a requester speak in the service's name.
    """
    first, *rest = subject.split(".")
    well = len(subject) <= _LONGEST and all(map(_PART.fullmatch, rest))
    return bool(rest) and first in prefixes and well
