"""Deliveries that come twice, late, in another order or not at all change nothing in the end.

Every run of the tests does this without servers, see tests/test_deliveries.py.
"""

from pathlib import Path

import pytest

from services.contract import SERVICES
from tests.clients.sample_app import SampleApp
from tests.faults import story
from tests.faults.conftest import SIZE, size
from tests.faults.story import told

SEEDS = range(1, 11 if SIZE == "long" else 2)


@size("short")
@pytest.mark.parametrize("seed", SEEDS)
async def test_the_same_is_left_however_events_are_delivered(
    app: SampleApp, alive: story.Left, tmp_path: Path, seed: int
) -> None:
    how = dict.fromkeys(SERVICES, f"shim {seed}")
    left = await told(tmp_path / "house", app, how)
    assert story.differences(left, alive) == []
