"""A service that dies when it comes past a point, and what is left then beside one that lives."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from services.contract import SERVICES
from tests.clients.sample_app import SampleApp
from tests.faults.sabotage import POINTS
from tests.faults.story import Left, differences, told

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


class Place(NamedTuple):
    """A point of a service."""

    service: str
    point: str


PLACES = [
    Place(service, point) for service in SERVICES for point in POINTS if point not in NEVER[service]
]


class Crash(NamedTuple):
    """What came of it."""

    died: bool
    differences: list[str]


async def passes(folder: Path, app: SampleApp, alive: Left, service: str) -> Counter[str]:
    """How often a service comes past each of its points in the story."""
    file = folder / f"{service}.passed"
    left = await told(folder / service, app, {service: f"count {file}"})
    assert differences(left, alive) == []
    counts = Counter(file.read_text().split())
    assert counts.keys() == POINTS.keys() - NEVER[service]
    return counts


def spread(passed: int, times: int) -> list[int]:
    """So many passes, from the first to three quarters of all: a crash may lead to fewer."""
    last = max(passed * 3 // 4, 1)
    return [1 + (last - 1) * time // (times - 1) for time in range(times)]


async def crash(folder: Path, app: SampleApp, alive: Left, place: Place, number: int) -> Crash:
    """Tell the story to a house in which a service dies there, when it comes past it so often."""
    died = folder.with_name(f"{folder.name}.died")
    left = await told(folder, app, {place.service: f"kill {place.point} {number} {died}"})
    return Crash(died.exists(), differences(left, alive))
