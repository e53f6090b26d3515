"""The keys that sign what apps are told when they are installed; anybody may have the public ones.

An app fetches the public key by its id, `kid`, so one that was in use once stays.
"""

import secrets
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from joserfc.jwk import RSAKey

from shared import clock
from shared.files import write_new

_BITS = 2048


class InstallKeys:
    """The keys of a folder by their ids; the newest one signs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, RSAKey] = {}
        """Those that were read: under an id there is never another one, and reading takes 60 ms."""

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The keys of a folder, in which one is made when there is none; raises OSError."""
        keys = cls(folder)
        if not keys.ids:
            keys.make()
        return keys

    @property
    def ids(self) -> list[str]:
        """All ids, from the oldest to the newest."""
        return sorted(path.stem for path in self._folder.glob("*.pem"))

    @property
    def newest(self) -> tuple[str, RSAKey]:
        """The key that signs, with its id."""
        kid = self.ids[-1]
        return kid, self._read(kid)

    def public(self, kid: str) -> bytes | None:
        """A public key as PEM, with LF line ends; None when there is no such key."""
        return self._read(kid).as_pem(private=False) if kid in self.ids else None

    def make(self) -> str:
        """Make one more key of 2048 bits, for its owner only; gives its id."""
        kid = f"{clock.now():%Y%m%dt%H%M%Sz}-{secrets.token_hex(8)}"
        key = generate_private_key(public_exponent=65537, key_size=_BITS)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(self._folder / f"{kid}.pem", pem)
        return kid

    def _read(self, kid: str) -> RSAKey:
        if kid not in self._known:
            pem = (self._folder / f"{kid}.pem").read_bytes()
            self._known[kid] = RSAKey.import_key(pem)
        return self._known[kid]
