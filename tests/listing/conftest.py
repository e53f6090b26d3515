"""The listing service without servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.listing.handlers import Handlers
from services.listing.views import Views
from shared.testing import Scenario

MARKETPLACE, OPERATOR = "https://market.example.com", "operator"


@pytest.fixture
def scenario(tmp_path: Path) -> Iterator[Scenario]:
    """A history that is empty yet."""
    opened = Scenario(tmp_path, "listing", Handlers([OPERATOR]), Views(MARKETPLACE, [OPERATOR]))
    yield opened
    opened.close()
