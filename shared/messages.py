"""The bases of every message: commands and queries in, events out, replies back."""

from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from shared.names import AccountId, PositionText, Timestamp, fold

MAX_AFTER = 256
"""Positions after which a request may come."""
NOTHING = "_"
"""Stands in a subject where there is no app, site or partner."""


class Message(BaseModel):
    """Anything that crosses a boundary: frozen, and closed to unknown fields."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_serialization_defaults_required=True,
    )


M = TypeVar("M", bound=Message)


class Request(Message):
    """Something asked of one service about one aggregate, which the field `KEY` names.

    A query about all of them has no such field.
    """

    model_config = ConfigDict(strict=True)

    SERVICE: ClassVar[str]
    KEY: ClassVar[str | None]
    SECRET: ClassVar[str | None] = None
    """The field that may hold an access token."""

    @cached_property
    def key(self) -> str:
        """The id of the aggregate that answers, app keys in folded form; else `NOTHING`."""
        value: str = NOTHING if self.KEY is None else getattr(self, self.KEY)
        return fold(value)

    @cached_property
    def as_json(self) -> str:
        """The body, with all that it left out."""
        return self.model_dump_json()

    def about(self) -> frozenset[str]:
        """The ids that this request names; a client waits for what it last saw of them."""
        named = ("app_key", "partner_id", "site_id")
        return frozenset(fold(value) for field, value in self if field in named)


class Command(Request):
    """A wish, in the imperative; it is accepted, refused or failed.

    An internal one is a step of the service's own process and can't be sent over the bus.
    What is accepted may only begin something, which one of the events in `ENDS` ends later.
    """

    TABLE: ClassVar[dict[tuple[str, str], type["Command"]]] = {}
    RESULT: ClassVar[type[Message] | None]
    """What an accepted one gives."""
    ENDS: ClassVar[tuple[str, ...]]

    def __init_subclass__(
        cls,
        *,
        service: str,
        key: str,
        result: type[Message] | None = None,
        secret: str | None = None,
        internal: bool = False,
        ends: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        super().__init_subclass__(**options)
        cls.SERVICE, cls.KEY, cls.SECRET = service, key, secret
        cls.RESULT, cls.ENDS = result, ends
        if not internal:
            Command.TABLE[service, cls.__name__] = cls


class Query(Request):
    """A question; it changes nothing."""

    TABLE: ClassVar[dict[tuple[str, str], type["Query"]]] = {}
    ANSWER: ClassVar[type[Message]]

    def __init_subclass__(
        cls,
        *,
        service: str,
        key: str | None,
        answer: type[Message],
        secret: str | None = None,
        **options: Any,
    ) -> None:
        super().__init_subclass__(**options)
        cls.SERVICE, cls.KEY, cls.SECRET, cls.ANSWER = service, key, secret, answer
        Query.TABLE[service, cls.__name__] = cls


class Event(Message):
    """A fact, in the past tense. What is stored is what is published.

    `topic` is the permanent name `<service>.<Event>` under which it is stored; the table of
    topics is closed: nothing else is ever loaded. `line` is the event in one sentence.
    Published events only gain optional fields, so readers ignore what they don't know. What a
    service only copies from another one isn't published.
    """

    model_config = ConfigDict(extra="ignore")

    TABLE: ClassVar[dict[str, type["Event"]]] = {}
    TOPIC: ClassVar[str]
    LINE: ClassVar[str]
    PUBLISHED: ClassVar[bool]

    def __init_subclass__(
        cls, *, topic: str, line: str, published: bool = True, **options: Any
    ) -> None:
        super().__init_subclass__(**options)
        if topic in Event.TABLE:
            raise TypeError(f"topic {topic} names {Event.TABLE[topic].__name__} already")
        cls.TOPIC, cls.LINE, cls.PUBLISHED = topic, line, published
        Event.TABLE[topic] = cls

    @property
    def app(self) -> str | None:
        """The folded key of the app that this event is about, if it is about one."""
        app_key: str | None = getattr(self, "app_key", None)
        return None if app_key is None else fold(app_key)

    def line(self) -> str:
        """The event in one sentence, for people."""
        return self.LINE.format_map(vars(self))


class Meta(Message):
    """Who caused an event, by which command, in which flow, and when."""

    model_config = ConfigDict(extra="ignore")

    actor: AccountId
    command_id: str | None
    correlation_id: str
    causation_id: str
    time: Timestamp


class EventRef(Message):
    """An event as a reply names it."""

    type: str
    id: PositionText
    aggregate: str
    version: int


class Accepted(Message):
    """The command was decided and is stored; `events` may be empty.

    After a dry run nothing is stored: that is what would happen, tokens masked.
    """

    status: Literal["accepted"] = "accepted"
    command_id: str
    events: tuple[EventRef, ...] = ()
    position: PositionText
    result: dict[str, JsonValue] = {}
    repeated: bool = False
    dry_run: bool = False

    def read(self, kind: type[M]) -> M:
        """The result as what the command gives; raises ValidationError."""
        return kind.model_validate(self.result, extra="ignore")


class Refused(Message):
    """A rule said no; asking again gives the same answer while the facts are the same."""

    status: Literal["refused"] = "refused"
    command_id: str
    code: str
    detail: str
    hint: str = ""
    data: dict[str, JsonValue] = {}
    repeated: bool = False


class Failed(Message):
    """Nothing was decided or stored; the same command may be sent again."""

    status: Literal["failed"] = "failed"
    code: str
    detail: str
    retry: Literal[True] = True
    time: Timestamp


class Answered(Message):
    """The answer to a query."""

    status: Literal["ok"] = "ok"
    data: dict[str, JsonValue]
    position: PositionText

    def read(self, kind: type[M]) -> M:
        """The data as what the query asks for; raises ValidationError."""
        return kind.model_validate(self.data, extra="ignore")


Outcome = Accepted | Refused
"""What is kept in the command log."""
Reply = Accepted | Refused | Failed
Answer = Answered | Refused | Failed

REPLY: TypeAdapter[Reply] = TypeAdapter(Annotated[Reply, Field(discriminator="status")])
ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="status")])
OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Annotated[Outcome, Field(discriminator="status")])


class Envelope(BaseModel):
    """What travels around a request: its id, who asks, and in which flow."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
    actor: AccountId
    time: Timestamp
    """When it arrived."""
    deadline: Timestamp | None = None
    correlation_id: Annotated[str, Field(min_length=1, max_length=200)]
    causation_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    after: Annotated[tuple[PositionText, ...], Field(max_length=MAX_AFTER)] = ()
    dry_run: bool = False
    """Decide, and keep nothing of it."""

    def meta(self, time: datetime) -> Meta:
        """The metadata of the events that this request causes then."""
        return Meta(
            actor=self.actor,
            command_id=self.id,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id or self.id,
            time=time,
        )
