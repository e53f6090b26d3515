"""Looks for secrets in all that a house leaves behind: files, rows of stores, printed text."""

import base64
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """Where something was kept or shown, and what is there."""

    name: str
    content: bytes


def places(folder: Path, printed: str) -> list[Place]:
    """What was printed, every file below `folder`, and every row of each store there."""
    found = [Place("printed", printed.encode())]
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.append(Place(str(path.relative_to(folder)), path.read_bytes()))
        if path.suffix == ".sqlite":
            found.extend(_rows(path))
    return found


def leaks(secrets: Iterable[str], where: Iterable[Place]) -> dict[str, set[str]]:
    """The names of the places in which each secret was found; those found nowhere are left out."""
    written = {secret: forms(secret.encode()) for secret in secrets}
    found: dict[str, set[str]] = {}
    for place in where:
        for secret, texts in written.items():
            if any(text in place.content for text in texts):
                found.setdefault(secret, set()).add(place.name)
    return found


def forms(secret: bytes) -> set[bytes]:
    """How a secret may be written: as it is, in hex, URL-encoded, in base64 behind anything."""
    digits = (secret.hex(), secret.hex().upper())
    encoded = ("".join(f"%{hexed[n : n + 2]}" for n in range(0, len(hexed), 2)) for hexed in digits)
    texts = {text.encode() for text in (*digits, *encoded)}
    return (
        texts | {secret} | {_base64(secret, n, more) for n in range(3) for more in (b"+/", b"-_")}
    )


def _base64(secret: bytes, shift: int, more: bytes) -> bytes:
    """The characters that the secret alone decides when it begins `shift` bytes into a group."""
    whole = (shift + len(secret)) // 3 * 4
    return base64.b64encode(bytes(shift) + secret, more)[(0, 2, 3)[shift] : whole]


def _rows(path: Path) -> Iterator[Place]:
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f"SELECT * FROM {table}"):
                values = (v if isinstance(v, bytes) else str(v).encode() for v in row)
                yield Place(f"{path.name}: {table}", b"\n".join(values))
