"""A row of the bench, and how it is measured: in turns with its floor, under the same load."""

import statistics
import time
from collections.abc import Callable
from typing import Literal, NamedTuple


class Row(NamedTuple):
    """What was measured: a median of milliseconds, or a rate, as the operation says."""

    operation: str
    ours: float
    floor: float
    floor_is: str
    goal: float
    better: Literal["higher", "lower"]

    @property
    def ratio(self) -> float:
        """Ours to the floor."""
        return self.ours / self.floor

    @property
    def met(self) -> bool:
        """Whether the goal is met."""
        return self.ours <= self.goal if self.better == "lower" else self.ours >= self.goal

    def data(self) -> dict[str, object]:
        """The row as it is written."""
        return self._asdict() | {"ratio": self.ratio, "met": self.met}


def median(
    ours: Callable[[], float], floor: Callable[[], float], turns: int
) -> tuple[float, float]:
    """The median of both, taken in turns after one that doesn't count."""
    taken = [(ours(), floor()) for _ in range(turns + 1)][1:]
    mine, bare = zip(*taken, strict=True)
    return statistics.median(mine), statistics.median(bare)


def clocked(work: Callable[[], object]) -> Callable[[], float]:
    """Does the work and gives the milliseconds that it took."""

    def run() -> float:
        begun = time.perf_counter()
        work()
        return (time.perf_counter() - begun) * 1000

    return run
