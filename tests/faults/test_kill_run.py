"""Processes die at random while many ask: nothing is lost or done twice, and a checker knows it."""

import re
from pathlib import Path

import pytest

from tests.faults import killing
from tests.faults.conftest import SIZE, size
from tests.faults.guards import GUARDS

KILLS = {"some": 10, "short": 20, "long": 200}[SIZE]
BETWEEN = 100
"""Commands that are answered from one kill to the next."""
SEEDS = (2, 3, 4, 5, 6, 7)
"""Of runs without a guard: on a slow machine six kills may all miss the moment that it is for."""
SETTINGS = {
    "limit": {"GUESTLIST_TEST__TOKEN_LIMIT": "51"},
    "binding": {"GUESTLIST_TEST__BINDING": "false"},
}
"""Guards that are off by a setting."""
TOLD = {
    "version check": "is of another command|doesn't follow from the one before it",
    "limit": "has 51 tokens",
    "binding": "is bound to",
    "command log": "had the effects|another answer",
    "fencing": "stands in the stream twice",
    "tracking": "had this effect before",
    "order": "doesn't know of",
    "ack after commit": "doesn't know of|up to",
}
"""By guard: what the checker says without it."""


@pytest.mark.timeout(KILLS * 10 + 60)
async def test_whatever_dies_at_random_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    report = await killing.run(tmp_path / "house", kills=KILLS, seed=1, between=BETWEEN)
    print(report)  # noqa: T201  # what a long run is for
    assert report.violations == []
    assert sum(report.kills.values()) == KILLS
    assert set(report.kills) == {*killing.VICTIMS}
    assert min(report.in_flight) >= 1
    assert report.unknown >= KILLS / 4
    assert report.commands >= KILLS * BETWEEN
    if SIZE == "long":  # the shorter ones run beside other tests
        assert not report.void


@size("short")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("guard", TOLD)
async def test_the_checker_notices_when_a_guard_is_off(tmp_path: Path, guard: str) -> None:
    told: list[str] = []
    for seed in SEEDS:
        report = await killing.run(
            tmp_path / str(seed),
            kills=6,
            seed=seed,
            between=BETWEEN // 4,
            victims=[name for name in killing.VICTIMS if name != "nats"],
            how="" if guard in SETTINGS else f"without {guard}",
            settings=SETTINGS.get(guard),
        )
        told += report.violations
        if any(_fits(TOLD[guard], row) for row in told):
            return
    pytest.fail(f"without {guard} the checker told only {told}")


def test_every_guard_has_its_control() -> None:
    assert set(TOLD) == {*GUARDS, *SETTINGS}


def _fits(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None
