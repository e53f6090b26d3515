"""How far long work is: told to whoever waits for it."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_EVERY = 0.5
"""Seconds between two notices; what takes less time has none."""


class Progress:
    """Says how far it is, now and then, and at last that there is nothing more to say."""

    def __init__(self, say: Callable[[str], None] = lambda _: None) -> None:
        self._say = say

    def of(self, rows: Iterable[T], total: int | None, what: str) -> Iterator[T]:
        """These rows; meanwhile it is said how many of them were taken, of all if that is known."""
        all_ = "" if total is None else f" of {total:,}"
        begun = said = time.monotonic()
        for count, row in enumerate(rows, 1):
            if count % 1000 == 0 and time.monotonic() - said > _EVERY:
                said = time.monotonic()
                self._say(f"{what}: {count:,}{all_}")
            yield row
        if said > begun:
            self._say("")
