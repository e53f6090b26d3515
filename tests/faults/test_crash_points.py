"""A service that dies at any step of its work does neither less nor more than one that lives."""

from collections import Counter
from pathlib import Path

import pytest

from services.contract import SERVICES
from tests.clients.sample_app import SampleApp
from tests.faults import story
from tests.faults.conftest import SIZE
from tests.faults.sabotage import POINTS
from tests.faults.story import told

SOME = [
    ("token", "committed"),
    ("listing", "half-published"),
    ("installation", "effect-stored"),
    ("installation", "hook-answered"),
]
"""What is tried in every run of the tests."""
_FOLLOWS = {"received", "handled", "effect-stored"}
_INSTALLS = {
    *("step-begun", "step-asks", "step-answered", "step-decides", "step-decided"),
    *("hook-sent", "hook-answered"),
}
NEVER = {
    "listing": _FOLLOWS | _INSTALLS,
    "token": _INSTALLS | {"half-published"},
    "installation": set(),
}
"""Where a service never comes past: listing follows nobody, only installation has a process, and
the story has no five events of the token service at once whose order is sure."""
CASES = [
    (service, point) for service in SERVICES for point in POINTS if point not in NEVER[service]
]


@pytest.fixture(scope="module")
async def passed(
    tmp_path_factory: pytest.TempPathFactory, app: SampleApp, alive: story.Left
) -> dict[str, Counter[str]]:
    """How often each service comes past each point; counted only where all are tried."""
    counts = {}
    for service in SERVICES if SIZE != "some" else ():
        folder = tmp_path_factory.mktemp(f"counted-{service}")
        left = await told(folder / "house", app, {service: f"count {folder / 'passed'}"})
        assert left == alive
        counts[service] = Counter((folder / "passed").read_text().split())
        assert set(counts[service]) == set(POINTS) - NEVER[service]
    return counts


@pytest.mark.parametrize(("service", "point"), SOME if SIZE == "some" else CASES)
async def test_a_service_that_dies_there_does_all_of_it_once(
    app: SampleApp,
    alive: story.Left,
    passed: dict[str, Counter[str]],
    tmp_path: Path,
    service: str,
    point: str,
) -> None:
    numbers = {1}
    if SIZE == "long":
        numbers |= {passed[service][point] // 2, passed[service][point] * 3 // 4} - {0}
    for number in sorted(numbers):
        died = tmp_path / f"died-{number}"
        folder = tmp_path / f"house-{number}"
        left = await told(folder, app, {service: f"kill {point} {number} {died}"})
        assert died.exists(), f"{service} didn't die at {point}"
        for table, rows in alive.items():
            assert left[table] == rows, f"{table} after {service} died at {point} ({number})"
