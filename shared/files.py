"""Files that are there whole or not at all, also after a power cut; for their owner only."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_new(path: Path, content: bytes) -> None:
    """Write a file that isn't there; raises FileExistsError rather than lose one."""
    with _beside(path, os.link) as file:
        file.write(content)


def write_anew(path: Path, content: bytes) -> None:
    """Write a file, in the place of one that may be there."""
    with writing_anew(path) as file:
        file.write(content)


@contextmanager
def writing_anew(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of one that may be there once all is written."""
    with _beside(path, Path.replace) as file:
        yield file


@contextmanager
def _beside(path: Path, put: Callable[[Path, Path], object]) -> Iterator[BinaryIO]:
    """A file beside it to write to, which is then put into its place; nothing of it is left."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        put(part, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        part.unlink(missing_ok=True)
