"""What all tests share."""

import pytest

from services import contract


@pytest.fixture(scope="session", autouse=True)
def _contract() -> None:
    """Every test knows all commands, events, queries and refusals."""
    contract.load()
