"""A cut of the power loses nothing that NATS acknowledged as we set it up, and would by default."""

from pathlib import Path

import pytest

from tests.faults.conftest import size
from tests.faults.power_cut import NotHere, lost


@size("long")
@pytest.mark.parametrize("sync", ["always", '"2m"'])
async def test_only_what_is_synced_at_once_survives_a_power_cut(tmp_path: Path, sync: str) -> None:
    try:
        acknowledged, missing = await lost(tmp_path, sync)
    except NotHere as error:
        pytest.skip(f"NOT RUN, this machine can't cut the power: {error}")
    print(f"sync_interval {sync}: {acknowledged} acknowledged, {missing} lost")  # noqa: T201
    assert acknowledged > 0
    assert (missing == 0) == (sync == "always")
