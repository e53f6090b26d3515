"""A data folder: one process keeps it at a time, and keys that its stores need are never lost."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.contract import SERVICES
from shared.keys import Keys
from shared.settings import store_file


class AlreadyUp(Exception):
    """Another process keeps this folder."""


class KeysGone(Exception):
    """There are stores whose key file is gone."""


@contextmanager
def kept(data: Path) -> Iterator[None]:
    """Keep a folder, which is made, until the end or the death of this process.

    Raises AlreadyUp.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(descriptor, 20).decode() or "unknown"
            raise AlreadyUp(f"process {pid} runs on {data}") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def stores(data: Path) -> list[Path]:
    """The event stores that are there."""
    files = (store_file(data, service) for service in SERVICES)
    return [file for file in files if file.exists()]


def make_keys(path: Path, data: Path | None) -> bool:
    """Make a key file, that of a folder, unless it is there; gives whether it was made.

    Raises KeysGone where there are stores already, ValueError for a file that is none, OSError.
    """
    if path.exists():
        Keys.read(path)
        return False
    if data is not None and stores(data):
        raise KeysGone(
            f"{path} is gone, and with it all tokens and secrets of {data}: "
            "put its copy there, or give them up and make another with guestlist keys"
        )
    Keys.make(path)
    return True
