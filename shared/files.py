"""Files that are there whole or not at all, also after a power cut; for their owner only."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_new(path: Path, content: bytes) -> None:
    """Write a file that isn't there; raises FileExistsError rather than lose one."""
    with _written(path, content) as part:
        os.link(part, path)


def write_anew(path: Path, content: bytes) -> None:
    """Write a file, in the place of one that may be there."""
    with _written(path, content) as part:
        part.replace(path)


@contextmanager
def _written(path: Path, content: bytes) -> Iterator[Path]:
    """A file beside it with that content, to be put into its place; nothing of it is left."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield part
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        part.unlink(missing_ok=True)
