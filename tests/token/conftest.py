"""The token service without servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.token.domain import Rules
from services.token.handlers import Handlers
from services.token.policies import Policies
from services.token.views import Views
from shared.keys import Keys
from shared.testing import Scenario

KEYS = Keys({"k1": bytes(32)})
MARKETPLACE = "https://market.example.com"


@pytest.fixture
def scenario(tmp_path: Path) -> Iterator[Scenario]:
    """A history that is empty yet."""
    parts = Handlers(KEYS, MARKETPLACE, Rules()), Views(KEYS, MARKETPLACE)
    opened = Scenario(tmp_path, "token", *parts, policies=Policies(), reveal=KEYS.unmask)
    yield opened
    opened.close()
