"""How much goes wrong: a little in every run of the tests, much more in `make faults`."""

import os
from pathlib import Path

import pytest

FAULTS = Path(__file__).parent
LONG = os.environ.get("GUESTLIST_FAULTS") == "long"
"""Whether this is `make faults`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts servers."""
    for item in items:
        if item.path.is_relative_to(FAULTS):
            item.add_marker(pytest.mark.flow)
