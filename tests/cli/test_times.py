"""Times are read as people write them, and written so that they see how long ago that was."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from services.cli import times
from services.cli.stop import Stop
from shared import clock

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
READ = {
    "90s": NOW - timedelta(seconds=90),
    "5m": NOW - timedelta(minutes=5),
    "2h": NOW - timedelta(hours=2),
    "3d": NOW - timedelta(days=3),
    "2w": NOW - timedelta(weeks=2),
    "2026-11-25T08:00Z": NOW - timedelta(hours=1, minutes=30),
    "2026-11-25T08:00:00.5+01:00": datetime(2026, 11, 25, 7, 0, 0, 500_000, tzinfo=UTC),
    "2026-11-25 08:00": datetime(2026, 11, 25, 6, tzinfo=UTC),
    "2026-11-25": datetime(2026, 11, 24, 22, tzinfo=UTC),
    "today": datetime(2026, 11, 24, 22, tzinfo=UTC),
    "today 8:05": datetime(2026, 11, 25, 6, 5, tzinfo=UTC),
    "Yesterday 14:00": datetime(2026, 11, 24, 12, tzinfo=UTC),
    "1764079200": datetime(2025, 11, 25, 14, tzinfo=UTC),
    "1764079200.5": datetime(2025, 11, 25, 14, 0, 0, 500_000, tzinfo=UTC),
}
"""As they are read in a place that is two hours ahead of UTC."""
WRITTEN = {
    timedelta(milliseconds=900): "0 s ago",
    timedelta(seconds=59): "59 s ago",
    timedelta(seconds=60): "1 min ago",
    timedelta(minutes=59, seconds=59): "59 min ago",
    timedelta(hours=1): "1 h ago",
    timedelta(hours=23, minutes=59): "23 h ago",
    timedelta(days=1): "1 d ago",
    timedelta(days=1000): "1000 d ago",
    timedelta(seconds=-3): "in 3 s",
    timedelta(hours=-30): "in 1 d",
}


@pytest.fixture(autouse=True)
def _here_and_now(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("text", READ)
def test_a_time_is_read_as_people_write_it(text: str) -> None:
    assert times.parse(text) == READ[text]


@pytest.mark.parametrize(
    "text", ["", "2", "2 hours", "2y", "then", "today 25:00", "2026-13-01", "99999999999w", "-2h"]
)
def test_what_is_no_time_is_told_with_the_forms(text: str) -> None:
    with pytest.raises(Stop) as stopped:
        times.parse(text)
    assert (stopped.value.exit_code, stopped.value.code) == (2, "bad-request")
    assert "yesterday 14:00" in stopped.value.hint


@pytest.mark.parametrize("span", WRITTEN)
def test_it_is_told_how_long_ago_that_was(span: timedelta) -> None:
    assert times.ago(NOW - span) == WRITTEN[span]
