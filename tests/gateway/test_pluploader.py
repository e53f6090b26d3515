"""pluploader, unmodified, administers a site."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.accounts import Accounts
from services.installation.commands import LicenceState
from services.supervisor import Supervisor
from shared.client import Client
from tests.clients import sample_app as sample
from tests.clients.pluploader import Pluploader
from tests.clients.sample_app import SampleApp
from tests.flows import acting
from tests.flows.acting import BOB

pytestmark = [pytest.mark.client, pytest.mark.flow]
APP, SITE = "com.example.Loaded", "loaded"
ACCESS_TOKEN = ("license", "access-token")


@pytest.fixture(scope="module")
async def app(client: Client) -> AsyncIterator[SampleApp]:
    """A paid app, listed privately; the site takes private apps."""
    await acting.make_site(client, SITE)
    says = {"modules": {"adminPages": [{"key": "admin", "url": "/admin", "name": {"value": "A"}}]}}
    async with acting.served_to_all(client, APP, sample.JWT | says) as running:
        yield running


@pytest.fixture(scope="module")
async def bob(house: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Pluploader:
    """The site's admin."""
    home, base_url = tmp_path_factory.mktemp("bob"), f"{house.http}/site/{SITE}"
    return Pluploader(home, base_url, BOB, Accounts(house.data).add(BOB))


async def test_it_does_all_that_an_admin_does(
    client: Client, app: SampleApp, bob: Pluploader
) -> None:
    """Cases 12 and 31."""
    token, link = await acting.make_token(client, APP)
    assert "plugin installed and enabled!" in (await bob("install", "--cloud", "-u", link)).said
    await app.until_told("installed", "enabled")

    listed = await bob("list")
    assert f"✓ │ Roadmap │ 1.0.0 │ {APP} │" in listed.said, listed
    shown = await bob("info", APP, "--show-modules")
    for told in (f"Key: {APP}", "Version: 1.0.0", "enabled: True", "✓ │ A │ admin │"):
        assert told in shown.said, shown

    for state in LicenceState:
        changed = await bob(*ACCESS_TOKEN, "update", APP, "--token", token, "--state", state.name)
        row = f"│ {APP} │ {token} │ {state.name} │ {state.active} │"
        for ended in (changed, await bob(*ACCESS_TOKEN, "info", APP)):
            assert (ended.code, row in ended.said) == (0, True), ended
        assert row in (await bob(*ACCESS_TOKEN, "list")).said
        licence = (await bob("license", "info", APP)).said
        assert f"valid {state.active} " in licence
        assert f"evaluation {state.evaluation} " in licence
        assert f"error {'EXPIRED' if state.name.startswith('INACTIVE') else 'None'} " in licence

    assert "successfully deleted" in (await bob(*ACCESS_TOKEN, "delete", APP)).said
    assert APP not in (await bob(*ACCESS_TOKEN, "list")).said
    assert "valid False " in (await bob("license", "info", APP)).said

    assert "enabled: False" in (await bob("disable", APP)).said
    assert "enabled: True" in (await bob("enable", APP)).said
    assert "successfully uninstalled" in (await bob("uninstall", APP)).said
    assert "could not be uninstalled" in (await bob("uninstall", APP)).said
    assert APP not in (await bob("list")).said
    await app.until_told("installed", "enabled", "disabled", "enabled", "disabled", "uninstalled")


async def test_it_tells_why_a_link_is_wrong(
    client: Client, app: SampleApp, bob: Pluploader
) -> None:
    assert app.url
    token, link = await acting.make_token(client, APP)
    for wrong, why in (
        ("https://elsewhere.example.com/a.json", "error.descriptor.not.from.marketplace"),
        (link.replace(token, "gl_1_k1"), "token-invalid"),
    ):
        ended = await bob("install", "--cloud", "--plugin-uri", wrong)
        assert (ended.code, why in ended.said) == (1, True), ended


async def test_it_tells_that_it_was_not_let_in(
    house: Supervisor, app: SampleApp, tmp_path: Path
) -> None:
    assert app.url
    eve = Pluploader(tmp_path, f"{house.http}/site/{SITE}", "eve", "wrong")
    ended = await eve("install", "--cloud", "-u", app.url)
    assert (ended.code, "are your credentials correct?" in ended.said) == (1, True), ended
