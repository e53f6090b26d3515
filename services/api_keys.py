"""API keys: what programs sign in with over HTTP, for some things and for some time."""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple, Self, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

Scope = Literal["sites:read", "sites:write", "apps:read", "apps:write", "metrics:read"]
"""What a key is for: what the admins of sites ask, partners, operators; who may write may read."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
Role = Literal["any", "partner", "site-admin", "reader"]
"""What an account is for over HTTP; the services decide what it may do."""
ROLES: dict[Role, frozenset[Scope]] = {
    "any": frozenset(SCOPES),
    "partner": frozenset({"apps:read", "apps:write"}),
    "site-admin": frozenset({"sites:read", "sites:write"}),
    "reader": frozenset({"sites:read", "apps:read", "metrics:read"}),
}
Note = Annotated[str, StringConstraints(max_length=200)]
"""Who or what has a new key."""
PREFIX = "glk_"

_KEY = re.compile(r"glk_(?P<id>[0-9a-z]{8})_(?P<secret>[0-9A-Za-z]{43})")
_IDS = string.digits + string.ascii_lowercase
_LETTERS = string.digits + string.ascii_letters


class ApiKey(BaseModel):
    """A key as it is kept: its secret of 256 bits is too long to guess, so one hash will do."""

    model_config = ConfigDict(frozen=True)

    hash: str
    scopes: tuple[Scope, ...]
    note: str | None = None
    made: AwareDatetime
    expires: AwareDatetime | None = None

    @property
    def grants(self) -> frozenset[Scope]:
        """All that it is for."""
        written = {scope.partition(":")[0] for scope in self.scopes if scope.endswith(":write")}
        implied = {scope for scope in SCOPES if scope.partition(":")[0] in written}
        return frozenset({*self.scopes, *implied})

    def opens(self, secret: str, now: datetime) -> bool:
        """Whether that is its secret, and it is still good."""
        genuine = hmac.compare_digest(self.hash, _hash(secret))
        return genuine and (self.expires is None or now < self.expires)


class MadeKey(NamedTuple):
    """A new key; its text is known only now."""

    id: str
    text: str
    key: ApiKey

    @classmethod
    def make(
        cls, scopes: Iterable[Scope], note: str | None, life: timedelta | None, now: datetime
    ) -> Self:
        """One for these scopes; without a life it doesn't expire."""
        id_, secret = _chosen(_IDS, 8), _chosen(_LETTERS, 43)
        key = ApiKey(
            hash=_hash(secret),
            scopes=tuple(sorted(set(scopes))),
            note=note,
            made=now,
            expires=None if life is None else now + life,
        )
        return cls(id_, f"{PREFIX}{id_}_{secret}", key)


def parts(text: str) -> tuple[str, str] | None:
    """The id and the secret in the text of a key; None for every other text."""
    match = _KEY.fullmatch(text)
    return None if match is None else (match["id"], match["secret"])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _chosen(letters: str, count: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(count))
