"""Who may ask over HTTP: accounts in a file, with hashes of their passwords (argon2id) and keys."""

import fcntl
import hmac
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import BaseModel, TypeAdapter, ValidationError, model_validator

from services.api_keys import ROLES, ApiKey, MadeKey, Role, Scope, parts
from shared.errors import Damaged
from shared.files import write_anew
from shared.names import SERVICE_ACCOUNT


class _Account(BaseModel):
    password: str
    """Its hash."""
    role: Role = "any"
    keys: dict[str, ApiKey] = {}
    """By id."""

    @model_validator(mode="before")
    @classmethod
    def _without_keys(cls, kept: Any) -> Any:
        """Before there were keys an account was the hash of its password."""
        return {"password": kept} if isinstance(kept, str) else kept


_FILE = TypeAdapter(dict[str, _Account])
_HASHER = PasswordHasher()


@cache
def _nobody() -> str:
    """What the password of an unknown account is compared with, so that both take as long."""
    return _HASHER.hash(secrets.token_urlsafe())


class SignedIn(NamedTuple):
    """Who asks, and what for at most."""

    account: str
    grants: frozenset[Scope] = ROLES["any"]


class KeptKey(NamedTuple):
    """A key, and whose it is."""

    account: str
    id: str
    key: ApiKey


class AccountExists(Exception):
    """There is an account of that name already; it stays as it is."""


class NoAccount(Exception):
    """There is no account of that name."""


class NoKey(Exception):
    """There is no API key with that id."""


class BeyondRole(Exception):
    """An account has no key for what it isn't for itself."""


class Accounts:
    """The accounts of a data folder; a change counts from the next request on.

    Whatever reads them raises Damaged when the file can't be read as accounts.
    """

    def __init__(self, data: Path) -> None:
        self._path = data / "accounts.json"
        self._secret = secrets.token_bytes(32)
        self._marks: frozenset[bytes] = frozenset()

    @property
    def begun(self) -> bool:
        """Whether there was an account ever."""
        return self._path.exists()

    @property
    def roles(self) -> dict[str, Role]:
        """All accounts, in order, and what each is for."""
        return {name: account.role for name, account in sorted(self._read().items())}

    @property
    def keys(self) -> tuple[KeptKey, ...]:
        """All API keys, those that expired too, by account and then by age."""
        found = [
            KeptKey(name, id_, key)
            for name, account in self._read().items()
            for id_, key in account.keys.items()
        ]
        return tuple(sorted(found, key=lambda kept: (kept.account, kept.key.made)))

    def add(self, name: str, role: Role = "any") -> str:
        """Add an account; gives the password that was made for it. Raises AccountExists.

        That of the services exists: whoever signed in as it would be believed as they are.
        """
        password = secrets.token_urlsafe(24)
        with self._changing() as known:
            if name in known or name == SERVICE_ACCOUNT:
                raise AccountExists(f"there is an account {name} already")
            known[name] = _Account(password=_HASHER.hash(password), role=role)
        return password

    def remove(self, name: str) -> None:
        """Let an account no longer sign in, by no key of it either; raises NoAccount."""
        with self._changing() as known:
            if known.pop(name, None) is None:
                raise NoAccount(f"there is no account {name}")

    def add_key(
        self,
        name: str,
        scopes: Iterable[Scope],
        *,
        now: datetime,
        note: str | None = None,
        life: timedelta | None = None,
    ) -> MadeKey:
        """Add a key with which an account signs in too; raises NoAccount, BeyondRole."""
        made = MadeKey.make(scopes, note, life, now)
        with self._changing() as known:
            if name not in known:
                raise NoAccount(f"there is no account {name}")
            role = known[name].role
            for scope in sorted(made.key.grants - ROLES[role]):
                raise BeyondRole(f"{name} has the role {role}, which isn't for {scope}")
            known[name].keys[made.id] = made.key
        return made

    def remove_key(self, id_: str) -> None:
        """Let nobody sign in with a key any more; raises NoKey."""
        with self._changing() as known:
            if not any(account.keys.pop(id_, None) for account in known.values()):
                raise NoKey(f"there is no API key {id_}")

    def again(self, name: str, password: str) -> SignedIn | None:
        """Who signs in with a password with which they did before, and which still is theirs."""
        known = self._read().get(name)
        if known is None or self._mark(known, password) not in self._marks:
            return None
        return SignedIn(name, ROLES[known.role])

    def by_password(self, name: str, password: str) -> SignedIn | None:
        """Who signs in with that password; takes as long for an unknown account."""
        known = self._read().get(name)
        try:
            _HASHER.verify(_nobody() if known is None else known.password, password)
        except (VerificationError, InvalidHashError):
            return None
        if known is None:
            return None
        self._marks = frozenset({*self._marks, self._mark(known, password)})
        return SignedIn(name, ROLES[known.role])

    def by_key(self, text: str, now: datetime) -> SignedIn | None:
        """Who signs in with that key."""
        told = parts(text)
        if told is None:
            return None
        id_, secret = told
        for name, account in self._read().items():
            key = account.keys.get(id_)
            if key is not None and key.opens(secret, now):
                return SignedIn(name, key.grants & ROLES[account.role])
        return None

    def _mark(self, known: _Account, password: str) -> bytes:
        """What is remembered of a password that was right; another one for each process."""
        return hmac.digest(self._secret, f"{known.password}\0{password}".encode(), "sha256")

    def _read(self) -> dict[str, _Account]:
        try:
            return _FILE.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValidationError:
            raise Damaged(f"{self._path} holds no accounts") from None

    @contextmanager
    def _changing(self) -> Iterator[dict[str, _Account]]:
        """What is known, to be changed: written whole or not at all, by one at a time."""
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = self._read()
            yield known
            write_anew(self._path, _FILE.dump_json(known, indent=1))
        finally:
            os.close(lock)
