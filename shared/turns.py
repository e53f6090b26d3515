"""Whose turn it is to decide, among the processes that write to one store."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 0.25
"""Seconds to wait for a turn at most: who holds it may have been stopped."""
_AGAIN = 0.001


@contextmanager
def turn(file: Path) -> Iterator[None]:
    """Within this no other process decides, if each takes its turn.

    Nothing depends on that: the store tells by its versions who was first. But who was second has
    decided in vain and reads whole histories anew, so a short wait is cheaper for both. A turn
    that doesn't come in time isn't waited for; one of a process that dies ends with it.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_AGAIN)
        else:
            break
