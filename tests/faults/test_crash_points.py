"""A service that dies at any step of its work does neither less nor more than one that lives."""

from collections import Counter
from pathlib import Path

import pytest

from services.contract import SERVICES
from tests.clients.sample_app import SampleApp
from tests.faults import crashes, story
from tests.faults.conftest import SIZE
from tests.faults.crashes import PLACES, Crash, Place

SOME = [
    Place("token", "committed"),
    Place("listing", "half-published"),
    Place("installation", "effect-stored"),
    Place("installation", "hook-answered"),
]
"""What is tried in every run of the tests."""


@pytest.fixture(scope="module")
async def passed(
    tmp_path_factory: pytest.TempPathFactory, app: SampleApp, alive: story.Left
) -> dict[str, Counter[str]]:
    """How often each service comes past each point; counted only where all are tried."""
    folder = tmp_path_factory.mktemp("counted")
    counted = SERVICES if SIZE != "some" else ()
    return {service: await crashes.passes(folder, app, alive, service) for service in counted}


@pytest.mark.parametrize("place", SOME if SIZE == "some" else PLACES, ids="-".join)
async def test_a_service_that_dies_there_does_all_of_it_once(
    app: SampleApp, alive: story.Left, passed: dict[str, Counter[str]], tmp_path: Path, place: Place
) -> None:
    service, point = place
    numbers = crashes.spread(passed[service][point], 3) if SIZE == "long" else [1]
    for number in dict.fromkeys(numbers):
        crash = await crashes.crash(tmp_path / str(number), app, alive, place, number)
        assert crash == Crash(died=True, differences=[])
