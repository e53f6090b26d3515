"""What the commands tell as JSON: a contract, published as `docs/output.schema.json`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import JsonValue, PrivateAttr

from shared.messages import Message
from shared.names import Timestamp
from shared.states import Change

if TYPE_CHECKING:
    from shared.published import Published
    from shared.refused import PublishedRefusal


class Up(Message):
    """What runs, and where."""

    services: tuple[str, ...]
    nats: str
    http: str
    """Where links lead, and where apps fetch public keys."""
    password: str | None = None
    """By which the account `operator` signs in over HTTP; told when it is made, only then."""
    data: Path
    hooks: bool
    """Whether apps are told of their life."""


class KeyFile(Message):
    """A file of keys, and whether it was made just now."""

    path: Path
    made: bool


class Account(Message):
    """An account that signs in over HTTP, and its password where that was made just now."""

    account: str
    role: str | None = None
    password: str | None = None


class Key(Message):
    """An API key; `key` is its text where it was made just now. A removed one has its id alone."""

    id: str
    account: str | None = None
    scopes: tuple[str, ...] = ()
    note: str | None = None
    made: Timestamp | None = None
    expires: Timestamp | None = None
    """None when it doesn't."""
    key: str | None = None


class Kept(Message):
    """A command that waits in a stream until its service decides it."""

    status: Literal["kept"] = "kept"
    command_id: str


class Document(Message):
    """A document that was written."""

    path: Path


class Finding(Message):
    """What was looked at, how it stands, and the mend when it isn't well."""

    check: Literal["server", "services", "stream", "clock", "gateway", "disk"]
    well: bool
    detail: str
    mend: str = ""


class Verdict(Message):
    """Whether an app could be listed with a descriptor, and all that is wrong with it."""

    source: str
    accepted: bool
    key: str | None = None
    problems: tuple[dict[str, Any], ...] = ()


class Entry(Message):
    """One code. In `rule`, names in braces stand for the data that comes with the code."""

    code: str
    kind: Literal["refused", "failed", "over HTTP", "command line"]
    rule: str
    hint: str = ""
    next: str | None = None
    """The command or query that helps."""


class ToldEvent(Message):
    """An event: what happened to which aggregate, who caused it by which command, and when."""

    id: str
    """Its position."""
    type: str
    aggregate: str
    version: int
    time: Timestamp
    actor: str
    command_id: str | None
    correlation_id: str
    causation_id: str
    line: str
    """The event in one sentence."""
    data: dict[str, JsonValue]
    _attributes: dict[str, str] = PrivateAttr()

    @classmethod
    def of(cls, published: "Published", **more: Any) -> Self:
        """An event as it was published; of an unknown kind, its data are its line."""
        event = published.event()
        told = cls(
            id=str(published.position),
            type=published.topic,
            aggregate=published.position.aggregate,
            version=published.position.version,
            line=published.body.decode() if event is None else event.line(),
            data=json.loads(published.body),
            **published.meta.model_dump(),
            **more,
        )
        told._attributes = published.attributes()
        return told

    def cloudevent(self) -> dict[str, Any]:
        """The event in the JSON format of CloudEvents 1.0."""
        attributes = {name.removeprefix("ce-"): text for name, text in self._attributes.items()}
        return {**attributes, "data": self.data}


class ToldRefusal(Message):
    """A request that was refused: who asked what, and why not; of a malformed one, no account."""

    id: str
    type: str
    time: Timestamp
    actor: str | None
    command_id: str | None
    correlation_id: str | None
    code: str
    detail: str
    data: dict[str, JsonValue]
    """All that is told of it; tokens are masked."""

    @classmethod
    def of(cls, refusal: "PublishedRefusal") -> Self:
        """A refusal from its stream."""
        data = json.loads(refusal.body)
        return cls(
            id=refusal.id,
            type=refusal.type,
            time=refusal.time,
            actor=refusal.actor,
            command_id=refusal.command_id,
            correlation_id=refusal.correlation_id,
            code=data["code"],
            detail=data["detail"],
            data=data,
        )


class ToldTransition(ToldEvent):
    """An event in the history of its aggregate, and what it changed there."""

    changes: tuple[Change, ...] = ()


class ToldState(Message):
    """The state of an aggregate, right after the event with that id and at its time."""

    id: str
    time: Timestamp
    state: dict[str, JsonValue]


class ToldNode(Message):
    """A command or an event of a flow, `depth` steps below where it began."""

    kind: Literal["command", "event"]
    id: str
    """The command's id, or the event's."""
    cause: str | None
    """What led to it: the id of a command or event."""
    depth: int
    service: str
    name: str
    actor: str
    time: Timestamp
    after_ms: float
    """Milliseconds since the flow began."""
    line: str
    """The event in one sentence, or how the command was decided."""


class ToldDifference(Message):
    """Where two codes, or the record and today's code, differ first."""

    kind: Literal["decision", "state"]
    where: str
    """The aggregate as it was when it decided, or the event after which its state differs."""
    aggregate: str
    """The kind of the aggregate, as `AppTokens`."""
    command_id: str
    name: str
    """Of the command, or the topic of the event."""
    then: str
    now: str
    """How the command was decided, today by `now`."""
    changes: tuple[Change, ...]
    """What differs in the events, or in the state."""


class Archived(Message):
    """An archive that was written or read, and how many lines or events were."""

    path: Path
    lines: int


class Looked(Message):
    """What was looked at in a service's store, how it stands, and where it isn't well."""

    check: str
    service: str
    well: bool | None
    """None: it could not be looked at."""
    detail: str
    where: str = ""
    """A position, or the id of a command."""


class Sealed(Message):
    """A seal that was written: whose it is, and up to which place each log is in it."""

    path: Path
    key: Path
    signer: str
    """The fingerprint of the key."""
    time: Timestamp
    ends: dict[str, int]


class Problem(Message):
    """Why a command didn't do what it was asked for; on stderr."""

    code: str
    detail: str
    hint: str = ""
    next: str = ""
    """The call of `guestlist` that helps."""
    docs: str = ""
    """Where the code stands in the documents."""


class Held(Message):
    """A sentence of a play, whether it held, and what was missing if not."""

    sentence: str
    held: bool
    missing: str | None = None
