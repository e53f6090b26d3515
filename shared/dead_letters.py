"""Dead letters: messages that were given up on, kept with their bytes, the reason and where."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from shared.errors import Refusal
from shared.headers import decode
from shared.keys import mask
from shared.messages import Message
from shared.names import Position, Timestamp, iso

if TYPE_CHECKING:
    from nats.aio.msg import Msg

Verb = Literal["list", "show", "redeliver", "discard"]
"""What is done with dead letters."""
VERBS: tuple[Verb, ...] = get_args(Verb)
ATTEMPTS = 5
"""Deliveries after which a message that could not be handled is given up on."""
AT_ONCE = 100
"""Letters that are told, or dealt with, at once: a reply is one message."""
_REASON, _SHOWN = 1000, 100_000
"""Characters of a reason that are kept, and of a body that are shown."""


class Unreadable(Exception):
    """A message is none of ours; the reason is its text."""


class WaitsBehind(Exception):
    """An earlier event of the same aggregate is a dead letter."""


@dataclass(frozen=True)
class Letter:
    """A message as it was given up on; tokens in it are masked."""

    consumer: str
    message_id: str
    """What tells it from every other one of this consumer."""
    subject: str
    aggregate: str | None
    version: int | None
    headers: str
    """As JSON."""
    body: bytes
    reason: str
    attempts: int
    time: str
    number: int = 0
    """Given by the store that keeps it."""

    @classmethod
    def of(
        cls, consumer: str, message: "Msg", reason: BaseException, *, attempts: int, time: datetime
    ) -> Self:
        """A message that a consumer can't go on with."""
        attributes = dict(message.headers or {})
        position = None if isinstance(reason, Unreadable) else _position(attributes)
        place = message.metadata.sequence.stream
        unknown = hashlib.sha256(f"{message.subject} {place} ".encode() + message.data).hexdigest()
        return cls(
            consumer=consumer,
            message_id=unknown if position is None else str(position),
            subject=mask(message.subject),
            aggregate=None if position is None else position.aggregate,
            version=None if position is None else position.version,
            headers=mask(json.dumps(attributes)),
            body=masked(message.data),
            reason=reason_of(reason),
            attempts=attempts,
            time=iso(time),
        )


class DeadLetter(Message):
    """A message that was given up on."""

    service: str
    number: int
    """Within its service."""
    consumer: str
    """Which follower gave it up, `<service>_<origin>` or the name of a process."""
    subject: str
    aggregate: str | None
    """Later events of it wait behind this one."""
    version: int | None
    reason: str
    attempts: int
    time: Timestamp
    """When it was given up."""
    headers: dict[str, str] | None = None
    """Only when it is shown by its number, as is the body; every token is masked."""
    body: str | None = None
    """Bytes that are no text are told as escapes; of a long one the beginning."""

    @classmethod
    def of(cls, service: str, letter: Letter, *, opened: bool = False) -> Self:
        """What a service tells of a letter that it keeps."""
        told: dict[str, Any] = {"service": service, "headers": None, "body": None}
        if opened:
            shown = letter.body.decode(errors="backslashreplace")[:_SHOWN]
            told |= {"headers": json.loads(letter.headers), "body": shown}
        names = cls.model_fields.keys() - told.keys()
        return cls.model_validate(told | {name: getattr(letter, name) for name in names})


class DeadLetters(Message):
    """Those that a service keeps, by their numbers; or those that were dealt with, in order."""

    letters: tuple[DeadLetter, ...]
    more: bool = False
    """Whether there may be others behind them: 100 are told, or dealt with, at once."""


class Chosen(Message):
    """Which dead letter is meant."""

    number: int | None = None
    """To `list` it is the last one that is known: those behind it are told."""


class UnknownDeadLetter(Refusal, hint="guestlist dead-letters tells them"):
    """There is no dead letter {number} that wasn't dealt with."""


class NotTheFirst(Refusal, hint="deal with the first one first, the others follow by themselves"):
    """Dead letter {number} waits behind {first}."""


class StillFails(Refusal, hint="the service's log tells more; mend the cause, or discard it"):
    """Dead letter {number} could not be handled again: {reason}."""


def _position(attributes: Mapping[str, str]) -> Position | None:
    """Where the event in a message stands; None for what is no event."""
    try:
        return Position.parse(decode(attributes).get("ce-id", ""))
    except ValueError:
        return None


def reason_of(error: BaseException) -> str:
    """Why a message could not be handled, as it is kept."""
    return mask(f"{type(error).__name__}: {error}")[:_REASON]


def masked(body: bytes) -> bytes:
    """Bytes with every token in them masked, and otherwise as they were."""
    return mask(body.decode("latin-1")).encode("latin-1")
