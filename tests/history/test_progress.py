"""Long work says how far it is, and what is short says nothing."""

from collections.abc import Iterator
from itertools import count

import pytest

from services.history.progress import Progress


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A clock that goes on by a second whenever it is looked at."""
    ticks = count()
    monkeypatch.setattr("time.monotonic", lambda: next(ticks))
    return ticks


def test_long_work_says_how_far_it_is_and_leaves_nothing(seconds: Iterator[int]) -> None:
    said: list[str] = []
    assert list(Progress(said.append).of(range(2500), 2500, "events")) == list(range(2500))
    assert said == ["events: 1,000 of 2,500", "events: 2,000 of 2,500", ""]
    assert next(seconds) > 0


def test_short_work_says_nothing() -> None:
    said: list[str] = []
    assert list(Progress(said.append).of(range(2500), 2500, "events")) == list(range(2500))
    assert said == []
