"""Seals: what the logs of a house were at a time, signed, to be kept where nobody there can write.

A chain of hashes can be made anew by whoever may write to the store; a seal can't.
"""

import base64
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from pydantic import ValidationError

from services.history.progress import Progress
from services.history.stores import log
from services.history.verifying.rows import Flaw, hashed
from shared import clock
from shared.messages import Message
from shared.names import Timestamp
from shared.records import Stored
from shared.store import Store

_BLOCK = 1000
"""Places of a log that have one hash: so near is it told where something was changed."""


class NoSeal(ValueError):
    """That is no seal, or not as it was signed."""


class SealedLog(Message):
    """A log as it was: its id, its last place, and a hash of each block of places."""

    log_id: str
    end: int
    blocks: tuple[str, ...]


class Seal(Message):
    """The logs of all services as they were at a time."""

    time: Timestamp
    logs: dict[str, SealedLog]

    @classmethod
    def of(cls, stores: Mapping[str, Store], progress: Progress) -> Self:
        """As they are now."""
        return cls(
            time=clock.now(),
            logs={service: _sealed(store, progress) for service, store in stores.items()},
        )


class SignedSeal(Message):
    """A seal with the key that signed it (Ed25519, RFC 8032)."""

    seal: Seal
    key: str
    signature: str

    @classmethod
    def of(cls, seal: Seal, key: Ed25519PrivateKey) -> Self:
        """Sign a seal."""
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(seal=seal, key=_text(public), signature=_text(key.sign(_signed(seal))))

    @classmethod
    def read(cls, path: Path) -> Self:
        """A seal from its file; raises OSError, NoSeal when it isn't as it was signed."""
        try:
            signed = cls.model_validate_json(path.read_bytes())
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signed.key))
            key.verify(base64.b64decode(signed.signature), _signed(signed.seal))
        except (ValidationError, ValueError):
            raise NoSeal(f"{path} is no seal") from None
        except InvalidSignature:
            raise NoSeal(f"{path} isn't as it was signed") from None
        return signed

    @property
    def signer(self) -> str:
        """The fingerprint of the key: SHA-256, as 16 hexadecimal digits."""
        return hashlib.sha256(base64.b64decode(self.key)).hexdigest()[:16]


def broken(store: Store, sealed: SealedLog, progress: Progress) -> Iterator[Flaw]:
    """Where a log isn't as it was sealed."""
    if store.log_id != sealed.log_id:
        yield Flaw(store.service, f"it is another log than {sealed.log_id}, which was sealed")
        return
    end = store.log_end()
    if end < sealed.end:
        yield Flaw(store.service, f"the log ends at {end}, it was sealed up to {sealed.end}: cut")
    rows = (row for row in log(store) if row.id <= sealed.end)
    blocks = dict(_blocks(progress.of(rows, sealed.end, f"sealed log of {store.service}")))
    for number, block in enumerate(sealed.blocks):
        if blocks.get(number) != block:
            first, last = number * _BLOCK + 1, min((number + 1) * _BLOCK, sealed.end)
            detail = f"the log isn't as it was sealed at {first} to {last}"
            yield Flaw(f"{store.service}", detail)


def key_of(path: Path) -> Ed25519PrivateKey:
    """The key in a file, made when there is none.

    Raises OSError, and ValueError when it is no Ed25519 key or can't be read without a password.
    """
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        text = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except TypeError:
        raise ValueError(f"{path} is encrypted with a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} is no Ed25519 key")
    return key


def _sealed(store: Store, progress: Progress) -> SealedLog:
    end = store.log_end()
    rows = (row for row in log(store) if row.id <= end)
    blocks = _blocks(progress.of(rows, end, f"log of {store.service}"))
    return SealedLog(log_id=store.log_id, end=end, blocks=tuple(block for _, block in blocks))


def _blocks(rows: Iterator[Stored]) -> Iterator[tuple[int, str]]:
    for number, block in groupby(rows, lambda row: (row.id - 1) // _BLOCK):
        whole = hashlib.sha256()
        for row in block:
            whole.update(f"{row.id} {hashed(row)}\n".encode())
        yield number, whole.hexdigest()


def _signed(seal: Seal) -> bytes:
    return json.dumps(seal.model_dump(mode="json"), sort_keys=True).encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
