"""Who may ask over HTTP: accounts in a file, each with the hash of a password (argon2id)."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import TypeAdapter, ValidationError

from shared.errors import Damaged

_HASHES = TypeAdapter(dict[str, str])
"""By account: the hash of its password."""
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_urlsafe())
"""What the password of an unknown account is compared with, so that both take as long."""


class AccountExists(Exception):
    """There is an account of that name already; it stays as it is."""


class NoAccount(Exception):
    """There is no account of that name."""


class Accounts:
    """The accounts of a data folder; a change counts from the next request on.

    Whatever reads them raises Damaged when the file can't be read as accounts.
    """

    def __init__(self, data: Path) -> None:
        self._path = data / "accounts.json"

    @property
    def begun(self) -> bool:
        """Whether there was an account ever."""
        return self._path.exists()

    @property
    def names(self) -> tuple[str, ...]:
        """All accounts, in order."""
        return tuple(sorted(self._read()))

    def add(self, name: str) -> str:
        """Add an account; gives the password that was made for it. Raises AccountExists."""
        password = secrets.token_urlsafe(24)
        with self._changing() as known:
            if name in known:
                raise AccountExists(f"there is an account {name} already")
            known[name] = _HASHER.hash(password)
        return password

    def remove(self, name: str) -> None:
        """Let an account no longer sign in; raises NoAccount."""
        with self._changing() as known:
            if known.pop(name, None) is None:
                raise NoAccount(f"there is no account {name}")

    def admits(self, name: str, password: str) -> bool:
        """Whether that is the account's password; takes as long for an unknown one."""
        known = self._read().get(name)
        try:
            _HASHER.verify(known or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
        return known is not None

    def _read(self) -> dict[str, str]:
        try:
            return _HASHES.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValidationError:
            raise Damaged(f"{self._path} holds no accounts") from None

    @contextmanager
    def _changing(self) -> Iterator[dict[str, str]]:
        """What is known, to be changed: written whole or not at all, by one at a time."""
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            known = self._read()
            yield known
            new = self._path.with_suffix(".new")
            new.unlink(missing_ok=True)
            new.touch(mode=0o600)
            new.write_text(json.dumps(known, indent=1))
            new.replace(self._path)
        finally:
            os.close(lock)
