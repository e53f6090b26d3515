"""Kinds of failure: a refusal is an answer, anything else that is asked may be tried again.

Exception
├── Refusal        a rule said no: answered, stored with the command, never retried
│   ├── BadRequest, SubjectMismatch, CommandIdReused, SecretNotDurable,
│   │   UnknownPosition                                the request itself
│   ├── UnknownApp, UnknownPartner, UnknownSite          existence
│   └── NotAMember, NotAnAdmin, NotAnOperator            right
├── Failure        nothing was decided; the same command may be sent again
│   ├── DeadlinePassed, Busy, Unavailable, NotYet, Internal
│   └── ReplyTooLarge                                    but this: it may have been decided
└── Damaged        no answer to a request: something that was stored can't be read
"""

import re
from typing import ClassVar

from pydantic import JsonValue

from shared.messages import Failed, Refused
from shared.names import Timestamp


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


class Damaged(Exception):
    """Something that was stored can't be read."""


class Refusal(Exception):
    """The rule is the docstring of each kind, with places for its data."""

    TABLE: ClassVar[dict[str, type["Refusal"]]] = {}
    CODE: ClassVar[str] = "refused"
    HINT: ClassVar[str] = ""
    NEXT: ClassVar[str | None] = None
    """The command or query that helps."""

    def __init_subclass__(
        cls, *, hint: str, then: str | None = None, code: str | None = None
    ) -> None:
        super().__init_subclass__()
        cls.CODE, cls.HINT, cls.NEXT = code or _kebab(cls.__name__), hint, then
        Refusal.TABLE[cls.CODE] = cls

    def __init__(self, **data: JsonValue) -> None:
        self.data = data
        self.code = self.CODE
        self.hint = self.HINT if self.NEXT is None else f"{self.HINT}: {self.NEXT}"
        self.detail = (self.__doc__ or "").format_map(data)
        super().__init__(self.detail)

    def reply(self, command_id: str) -> Refused:
        """The answer to the command with that id."""
        return Refused(
            command_id=command_id,
            code=self.code,
            detail=self.detail,
            hint=self.hint,
            data=self.data,
        )

    @classmethod
    def passed_on(cls, refused: Refused) -> "Refusal":
        """A refusal that another service gave, to be given as one's own."""
        refusal = Refusal(**refused.data)
        refusal.code, refusal.detail, refusal.hint = refused.code, refused.detail, refused.hint
        return refusal


class BadRequest(Refusal, hint="guestlist send NAME tells the fields"):
    """The request can't be read: {reason}."""


class SubjectMismatch(Refusal, hint="the key in the subject is the body's, lower-cased, . as :"):
    """The subject names {subject_key}, the body {body_key}."""


class CommandIdReused(Refusal, hint="give each new command an id of its own"):
    """This command id was used for another request."""


class SecretNotDurable(Refusal, hint="send it as a request: nothing of it is kept before"):
    """A command that may hold a token can't wait in a stream, where it would be kept."""


class UnknownPosition(Refusal, hint="give a position that a reply or an event told"):
    """A command that waits can't come after {position}: that hasn't happened."""


class UnknownApp(Refusal, hint="only members of its partner see a private app"):
    """There is no app {app_key} that you may see."""


class UnknownPartner(Refusal, hint="register it", then="RegisterPartner"):
    """There is no partner {partner_id}."""


class UnknownSite(Refusal, hint="register it", then="RegisterSite"):
    """There is no site {site_id}."""


class NotAMember(Refusal, hint="ask a member of the partner"):
    """Only members of the partner {partner_id} may do this."""


class NotAnAdmin(Refusal, hint="ask an admin of the site"):
    """Only admins of the site {site_id} may do this."""


class NotAnOperator(Refusal, hint="ask an operator of this marketplace"):
    """Only operators may do this."""


class Failure(Exception):
    """The message for people is the docstring of each kind."""

    TABLE: ClassVar[dict[str, type["Failure"]]] = {}
    CODE: ClassVar[str]
    HINT: ClassVar[str]

    def __init_subclass__(cls, *, hint: str = "send it again under the same id") -> None:
        super().__init_subclass__()
        cls.CODE, cls.HINT = _kebab(cls.__name__), hint
        Failure.TABLE[cls.CODE] = cls

    def reply(self, time: Timestamp) -> Failed:
        """The answer, given at `time`."""
        return Failed(code=self.CODE, detail=self.__doc__ or "", time=time)


class DeadlinePassed(Failure, hint="send it again with a later deadline"):
    """The request's deadline passed before it was decided."""


class Busy(Failure):
    """Too many requests are waiting."""


class Unavailable(Failure):
    """The event store or another service doesn't answer."""


class NotYet(Failure):
    """This service hasn't seen yet what the request comes after."""


class Internal(Failure, hint="look into the service's log, then send it again"):
    """Something unexpected happened; the service's log has it."""


class ReplyTooLarge(Failure, hint="see what happened: guestlist history"):
    """The reply has no place in one message; a command may have been decided all the same."""
