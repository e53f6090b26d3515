"""An app on atlassian-connect-express, unmodified, lives through everything that a host does."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from services.accounts import Accounts
from services.installation.commands import (
    DisableApp,
    EnableApp,
    LicenceState,
    RenameSite,
    ResetSite,
    RotateSecret,
    SetLicenceState,
    UninstallApp,
)
from services.installation.events import (
    AppInstalled,
    AppUninstalled,
    AppUpdated,
    InstallFailed,
    LicenceChanged,
)
from services.installation.queries import Deliveries, Page
from services.listing.commands import PublishApp, PublishVersion, RegisterPartner
from services.supervisor import Supervisor
from services.token.commands import RemoveToken
from shared.client import Client
from tests.clients.ace_app import SOURCE, Ace
from tests.clients.audit import Audit
from tests.clients.npm import installed
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted
from tests.installation.examples import LIC

pytestmark = [pytest.mark.client, pytest.mark.flow]
APP = "com.example.ace"


@pytest.fixture(scope="module")
async def ace(
    house: Supervisor, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Ace]:
    """The app, listed privately."""
    app = Ace(installed(SOURCE), tmp_path_factory.mktemp("ace"), f"{house.http}/install-keys")
    await app.start()
    await client.send(RegisterPartner(partner_id="example", organisation="Example"), actor=ANN)
    listed = PublishApp(
        app_key=APP,
        partner_id="example",
        descriptor_url=f"{app.url}/atlassian-connect.json",
        visibility="private",
        payment_model="paid-via-atlassian",
    )
    await accepted(client, ANN, listed)
    yield app
    await app.stop()


Install = Callable[[str], Any]


@pytest.fixture
async def install(client: Client, audit: Audit, house: Supervisor, ace: Ace) -> Install:
    """Installs the app on a site, by a token link; makes the site when there is none."""
    del house, ace
    links: dict[str, str] = {}

    async def begin(site_id: str) -> acting.Ending:
        if site_id not in links:
            await acting.make_site(client, site_id)
            _, links[site_id] = await acting.make_token(client, APP)
        return await acting.install(client, audit, site_id, links[site_id])

    return begin


async def page(client: Client, site_id: str) -> httpx2.Response:
    """What the app answers to who opens its page."""
    url = (await acting.ask(client, Page(site_id=site_id, app_key=APP), BOB))["url"]
    async with httpx2.AsyncClient() as http:
        return await http.get(url)


async def test_it_is_installed_and_its_page_is_licensed(
    client: Client, ace: Ace, install: Install
) -> None:
    """Cases 6, 8 and 14."""
    assert isinstance(await install("first"), AppInstalled)
    told, _ = await ace.until_told("first", "installed", "enabled")
    shown = await page(client, "first")
    assert shown.status_code == 200, shown.text
    assert shown.json() == {
        "clientKey": told["clientKey"],
        "hostBaseUrl": "https://first.example.com",
        "userAccountId": BOB,
        "lic": "active",
    }


async def test_each_licence_state_is_seen_on_the_next_page(
    client: Client, ace: Ace, install: Install
) -> None:
    """Cases 12, 15 and 31."""
    del ace
    await install("states")
    for state, lic in LIC.items():
        on_site = {"site_id": "states", "app_key": APP}
        await accepted(client, BOB, SetLicenceState(**on_site, state=state))
        assert (await page(client, "states")).json()["lic"] == lic


async def test_without_its_token_it_is_unlicensed(
    client: Client, audit: Audit, install: Install
) -> None:
    await install("removed")
    (number,) = [
        row["token_id"]
        for row in await acting.tokens_of(client, APP)
        if row["site_id"] == "removed"
    ]
    await accepted(client, ANN, RemoveToken(app_key=APP, token_id=number))
    await audit.see(LicenceChanged, site_id="removed", state=LicenceState.NONE)
    assert (await page(client, "removed")).json()["lic"] == "none"


async def test_a_renamed_site_stays_the_same_one(
    client: Client, ace: Ace, install: Install
) -> None:
    """Case 2."""
    await install("named")
    url = "https://named.elsewhere.example.com"
    await accepted(client, BOB, RenameSite(site_id="named", base_url=url))
    first, _, again = await ace.until_told("named", "installed", "enabled", "installed")
    assert again["clientKey"] == first["clientKey"]
    assert (await page(client, "named")).json()["hostBaseUrl"] == url


async def test_it_asks_its_site_what_it_may_do(
    house: Supervisor, client: Client, ace: Ace, install: Install
) -> None:
    await install("asked")
    base_url = f"{house.http}/site/asked"
    await accepted(client, BOB, RenameSite(site_id="asked", base_url=base_url))
    key = (await acting.app_on(client, "asked", APP))["client_key"]
    async with asyncio.timeout(15):
        while ace.known(key)["baseUrl"] != base_url:
            await asyncio.sleep(0.05)
    async with httpx2.AsyncClient() as http:
        answer = await http.get(f"{ace.url}/asked", params={"clientKey": key})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["license"]["active"]) == ("ENABLED", True)


async def test_it_is_upgraded_or_stays_as_it_was(
    client: Client, audit: Audit, ace: Ace, install: Install
) -> None:
    await install("grown")
    await ace.until_told("grown", "installed", "enabled")
    ace.change(description="newer")
    await ace.stop()
    await ace.start()
    ace.answer(500)
    await accepted(client, ANN, PublishVersion(app_key=APP))
    await audit.see(InstallFailed, site_id="grown", code="hook-refused")
    assert (await page(client, "grown")).json()["lic"] == "active"
    ace.answer(None)
    assert isinstance(await install("grown"), AppUpdated)
    installs = ["installed"] * 2  # what the link leads to, and the newest
    first, *_, again = await ace.until_told("grown", "installed", "enabled", *installs)
    assert again["sharedSecret"] == first["sharedSecret"]
    assert (await page(client, "grown")).status_code == 200


async def test_a_new_installation_has_a_new_secret_and_the_old_one_is_refused(
    client: Client, ace: Ace, install: Install
) -> None:
    """Case 10."""
    await install("back")
    old = (await acting.ask(client, Page(site_id="back", app_key=APP), BOB))["url"]
    await accepted(client, BOB, UninstallApp(site_id="back", app_key=APP))
    hooks = ["installed", "enabled", "disabled", "uninstalled"]
    await ace.until_told("back", *hooks)
    await install("back")
    rows = await ace.until_told("back", *hooks, "installed", "enabled")
    assert rows[0]["clientKey"] == rows[-1]["clientKey"]
    assert (await page(client, "back")).status_code == 200
    async with httpx2.AsyncClient() as http:
        assert (await http.get(old)).status_code == 400  # a wrong signature


async def test_it_goes_on_after_it_was_restarted_in_between(
    client: Client, ace: Ace, install: Install
) -> None:
    await install("asleep")
    await ace.until_told("asleep", "installed", "enabled")
    await ace.stop()
    await accepted(client, BOB, DisableApp(site_id="asleep", app_key=APP))
    async with asyncio.timeout(15):
        while len(await deliveries(client, "asleep")) < 3:
            await asyncio.sleep(0.1)
    await ace.start()
    await accepted(client, BOB, EnableApp(site_id="asleep", app_key=APP))
    await ace.until_told("asleep", "installed", "enabled", "enabled")
    assert (await deliveries(client, "asleep"))[-2:] == ["unreachable", "taken"]
    assert (await page(client, "asleep")).status_code == 200


async def test_another_secret_and_a_reset_are_taken(
    client: Client, audit: Audit, ace: Ace, install: Install
) -> None:
    """Case 3."""
    await install("changed")
    await accepted(client, BOB, RotateSecret(site_id="changed", app_key=APP))
    await audit.see(AppUpdated, site_id="changed")
    assert (await page(client, "changed")).status_code == 200
    await accepted(client, BOB, ResetSite(site_id="changed"))
    assert isinstance(await install("changed"), AppInstalled)
    rows = await ace.until_told(
        "changed",
        *("installed", "enabled", "installed", "disabled", "uninstalled", "installed", "enabled"),
    )
    assert rows[0]["clientKey"] != rows[-1]["clientKey"]
    assert (await page(client, "changed")).json()["clientKey"] == rows[-1]["clientKey"]


async def test_it_installs_itself_where_it_is_listed_and_leaves_when_it_ends(
    house: Supervisor, client: Client, audit: Audit, ace: Ace
) -> None:
    await acting.make_site(client, "registers")
    place = f"{house.http.removeprefix('http://')}/site/registers"
    ace.register_at(f"http://{BOB}:{Accounts(house.data).add(BOB)}@{place}")
    await ace.stop()
    await ace.start()
    try:
        await ace.until_registered()
        await ace.until_told("registers", "installed", "enabled")
        assert (await page(client, "registers")).json()["lic"] == "none"
        await ace.stop(signal.SIGTERM)
        await audit.see(AppUninstalled, site_id="registers")
    finally:
        ace.register_at()
        await ace.stop()
        await ace.start()


async def deliveries(client: Client, site_id: str) -> list[str]:
    """How it took what it was told, in order."""
    view = await acting.ask(client, Deliveries(site_id=site_id, app_key=APP), BOB)
    return [row["outcome"] for row in view["deliveries"]]
