"""A history that is read in all ways."""

import json
from pathlib import Path

import pytest

from services.installation.commands import InstallApp, LicenceState, SetLicenceState
from services.token.commands import CreatedToken, CreateToken, RemoveToken
from shared.messages import Accepted
from tests.world import World

APP, SITE = "com.example.replay", "replay"
TOKENS = f"token/tokens/{APP}"


@pytest.fixture(scope="package")
async def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An app with 50 tokens, of which one more was refused; one is installed and was removed."""
    folder: Path = tmp_path_factory.mktemp("history")
    world = World(folder)
    await world.list_app(APP)
    await world.make_site(SITE)
    await world.settle()
    made = await world.send("ann", CreateToken(app_key=APP))
    assert isinstance(made, Accepted)
    link = made.read(CreatedToken).links.private
    assert link is not None
    await world.send("ann", InstallApp(site_id=SITE, url=link))
    await world.settle()
    state = LicenceState.INACTIVE_TRIAL
    await world.send("ann", SetLicenceState(site_id=SITE, app_key=APP, state=state))
    for _ in range(50):
        last = await world.send("ann", CreateToken(app_key=APP))
    assert (last.status, getattr(last, "code", "")) == ("refused", "token-limit-reached")
    await world.send("ann", RemoveToken(app_key=APP, token_id=1))
    await world.settle()
    world.leave()
    (folder / "keys.json").write_text(json.dumps({"k1": bytes(range(32)).hex()}))
    return folder
