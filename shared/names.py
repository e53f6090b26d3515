"""The names that messages carry: app keys, ids of partners, sites and accounts, positions."""

import re
from datetime import UTC, datetime
from typing import Annotated, NamedTuple, Self

from pydantic import AwareDatetime, Field, StringConstraints

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
APP_KEY_PATTERN = r"^[-._]*[a-zA-Z0-9][-._a-zA-Z0-9]*$"
APP_KEY_LENGTH = 64
"""The cloud takes no longer app key, though the published schema allows 80."""

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
AccountId = Annotated[Id, Field(description="An account.")]
PartnerId = Annotated[Id, Field(description="An organisation that lists apps.")]
SiteId = Annotated[Id, Field(description="A site that installs apps.")]
AppKey = Annotated[
    str,
    StringConstraints(pattern=APP_KEY_PATTERN, max_length=APP_KEY_LENGTH),
    Field(description="The key of an app; keys that differ only in case are one key."),
]
Timestamp = AwareDatetime
"""A time with its zone; the services write UTC."""

SERVICE_ACCOUNT = "guestlist"
"""The account in whose name policies and processes ask."""

_POSITION = r"^([a-z]+)/([-._/a-z0-9]+)@([0-9]{1,15})$"


class Position(NamedTuple):
    """A place in the history of one aggregate, written `<service>/<aggregate>@<version>`.

    The position of an event is also its id.
    """

    service: str
    aggregate: str
    version: int

    def __str__(self) -> str:
        return f"{self.service}/{self.aggregate}@{self.version}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a position; raises ValueError when `text` is none."""
        match = re.fullmatch(_POSITION, text)
        if match is None:
            raise ValueError("a position is written <service>/<aggregate>@<version>")
        return cls(match[1], match[2], int(match[3]))


class Advance(NamedTuple):
    """Up to which version an aggregate of another service is handled with a commit."""

    origin: str
    aggregate: str
    before: int
    """The version up to which it was handled before."""
    after: int


PositionText = Annotated[
    str,
    StringConstraints(pattern=_POSITION),
    Field(description="A place in a history, `<service>/<aggregate>@<version>`."),
]


def is_id(text: str) -> bool:
    """Whether `text` can name a partner, a site or an account."""
    return re.fullmatch(ID_PATTERN, text) is not None


def is_app_key(text: str) -> bool:
    """Whether `text` can be the key of an app."""
    return len(text) <= APP_KEY_LENGTH and re.fullmatch(APP_KEY_PATTERN, text) is not None


def fold(app_key: str) -> str:
    """The form in which app keys are compared: keys that differ only in case are one key."""
    return app_key.lower()


def iso(time: datetime) -> str:
    """ISO 8601 in UTC with microseconds, `2026-11-25T09:30:00.000000Z`."""
    utc = time.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "Z"
