"""The installation service without servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.installation.handlers import Handlers
from services.installation.policies import Policies
from services.installation.views import Views
from shared.install_keys import InstallKeys
from shared.keys import Keys
from shared.testing import Scenario

KEYS = Keys({"k1": bytes(32)})
MARKETPLACE, OPERATOR = "https://market.example.com", "operator"


@pytest.fixture
def scenario(tmp_path: Path) -> Iterator[Scenario]:
    """A history that is empty yet."""
    views = Views(KEYS, InstallKeys(tmp_path / "install-keys"))
    parts = Handlers(KEYS, MARKETPLACE, [OPERATOR]), views
    opened = Scenario(tmp_path, "installation", *parts, policies=Policies())
    yield opened
    opened.close()
