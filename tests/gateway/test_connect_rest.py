"""An app asks a site what it may know of itself, over HTTP."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from services.installation.commands import (
    DisableApp,
    InstallApp,
    LicenceState,
    SetLicenceState,
    UninstallApp,
)
from services.installation.events import AppInstalled, AppUninstalled
from shared.client import Client
from tests.clients import sample_app as sample
from tests.clients.asking import signed
from tests.clients.audit import Audit
from tests.clients.sample_app import Told
from tests.flows import acting
from tests.flows.acting import BOB, accepted
from tests.installation.examples import LIC

pytestmark = pytest.mark.flow
APP, SITE = "com.example.Asks", "asks"
PATH = f"/rest/atlassian-connect/1/addons/{APP}"
ON_SITE = {"site_id": SITE, "app_key": APP}


@pytest.fixture(scope="module")
async def told(client: Client, audit: Audit) -> AsyncIterator[Told]:
    """What the app was told when it was installed, with a token."""
    await acting.make_site(client, SITE)
    async with acting.served(client, APP, sample.JWT) as app:
        _, link = await acting.make_token(client, APP)
        await accepted(client, BOB, InstallApp(site_id=SITE, url=link))
        await audit.see(AppInstalled, site_id=SITE)
        yield app.told[0]


async def ask(http: httpx2.AsyncClient, token: str, path: str = PATH) -> httpx2.Response:
    """The answer to a request with that token."""
    return await http.get(f"/site/{SITE}{path}", headers={"Authorization": f"JWT {token}"})


async def test_an_app_sees_itself_in_each_licence_state(
    client: Client, http: httpx2.AsyncClient, told: Told
) -> None:
    """Cases 12, 15, 16 and 31."""
    for state, lic in LIC.items():
        await accepted(client, BOB, SetLicenceState(**ON_SITE, state=state))
        answer = await ask(http, signed(told, PATH))
        body = answer.json()
        licence = body.pop("license", None)
        assert (answer.status_code, body) == (
            200,
            {
                "key": APP,
                "version": "1.0.0",
                "state": "ENABLED",
                "host": {"product": "jira", "contacts": []},
                "links": {"self": [{"href": f"https://{SITE}.example.com{PATH}"}]},
            },
        )
        if state is LicenceState.NONE:
            assert licence is None
        else:
            assert (licence["active"], licence["type"]) == (lic == "active", "DEVELOPER")
            assert licence["evaluation"] == ("TRIAL" in state.name)
            assert licence["supportEntitlementNumber"] == licence["entitlementNumber"]
            assert licence["entitlementId"]


async def test_the_token_may_stand_in_the_query(http: httpx2.AsyncClient, told: Told) -> None:
    token = signed(told, PATH, "b=2&a=1")
    answer = await http.get(f"/site/{SITE}{PATH}?b=2&jwt={token}&a=1")
    assert answer.status_code == 200, answer.text


async def test_who_is_not_that_app_is_refused(http: httpx2.AsyncClient, told: Told) -> None:
    """Case 23."""
    other, absent = PATH.replace(APP, "com.example.none"), f"/site/absent{PATH}"
    for answer, status, code in (
        (await http.get(f"/site/{SITE}{PATH}"), 401, "not-authenticated"),
        (await ask(http, signed(told, PATH)[:-3]), 401, "not-authenticated"),
        (await ask(http, signed(told, PATH, qsh="context-qsh")), 401, "not-authenticated"),
        (await ask(http, signed(told, other), other), 404, "not-installed"),
        (await http.get(absent, headers={"Authorization": "JWT x"}), 404, "unknown-site"),
        (await http.get(f"/site/A{PATH}"), 400, "bad-request"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert (answer.headers.get("www-authenticate") == "JWT") == (status == 401)


async def test_a_disabled_app_sees_little_and_one_that_left_nothing(
    client: Client, audit: Audit, http: httpx2.AsyncClient, told: Told
) -> None:
    await accepted(client, BOB, DisableApp(**ON_SITE))
    answer = await ask(http, signed(told, PATH))
    assert answer.json() == {"key": APP, "version": "1.0.0", "state": "DISABLED"}
    await accepted(client, BOB, UninstallApp(**ON_SITE))
    await audit.see(AppUninstalled, site_id=SITE)
    assert (await ask(http, signed(told, PATH))).status_code == 401
