"""The admins of a site look at its apps, license them and let them go, as tools do elsewhere."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from services.accounts import Accounts
from services.installation.commands import (
    LicenceState,
)
from services.supervisor import Supervisor
from services.token.commands import RemoveToken
from shared.client import Client
from tests.clients import sample_app as sample
from tests.clients.sample_app import SampleApp
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted
from tests.gateway.admin import Admin

pytestmark = pytest.mark.flow
APP, FREE, SITE = "com.example.Admined", "com.example.gratis", "admined"
BASE = f"/site/{SITE}/rest/plugins/1.0"
PLUGIN, TOKEN = f"{BASE}/{APP}-key", f"{BASE}/license-tokens/{APP}-key"


@pytest.fixture(scope="module")
async def app(client: Client) -> AsyncIterator[SampleApp]:
    """A paid app, listed privately; the site takes private apps."""
    await acting.make_site(client, SITE)
    says = {
        "description": "Plans",
        "scopes": ["READ"],
        "modules": {
            "adminPages": [{"key": "admin", "url": "/admin", "name": {"value": "Administer"}}],
            "webhooks": [{"event": "x", "url": "/x"}],
            "configurePage": {"key": "configure", "url": "/configure"},
        },
    }
    async with acting.served_to_all(client, APP, sample.JWT | says) as running:
        yield running


@pytest.fixture(scope="module")
async def bob(house: Supervisor, http: httpx2.AsyncClient) -> Admin:
    """The site's admin."""
    return Admin(http, BASE, BOB, Accounts(house.data).add(BOB))


@pytest.fixture(scope="module")
async def link(client: Client, app: SampleApp) -> str:
    """A token link."""
    assert app.url
    return (await acting.make_token(client, APP))[1]


@pytest.fixture(scope="module")
async def token(bob: Admin, link: str) -> str:
    """The token with which the app was installed."""
    done = await bob.install(link)
    assert (done.status_code, done.headers["location"]) == (303, PLUGIN.lower())
    return link.partition("=")[2]


async def test_an_installed_app_is_listed_and_shown(bob: Admin, token: str) -> None:
    del token
    shown = {
        "key": APP,
        "name": "Roadmap",
        "version": "1.0.0",
        "description": "Plans",
        "enabled": True,
        "userInstalled": True,
        "links": {"self": PLUGIN},
    }
    assert (await bob.ask("GET", f"{BASE}/")).json() == {"plugins": [shown]}
    alone = (await bob.ask("GET", PLUGIN)).json()
    modules = alone.pop("modules")
    assert alone == shown
    assert [(row["key"], row["name"], row["completeKey"]) for row in modules] == [
        ("admin", "Administer", f"{APP}__admin"),
        ("configure", "", f"{APP}__configure"),
    ]


async def test_an_app_is_disabled_and_enabled(bob: Admin, token: str) -> None:
    del token
    for enabled in (False, True):
        assert (await bob.ask("PUT", PLUGIN, {"enabled": enabled})).json()["enabled"] is enabled
        alone = (await bob.ask("GET", PLUGIN)).json()
        assert {alone["enabled"], *(row["enabled"] for row in alone["modules"])} == {enabled}


@pytest.mark.parametrize("state", LicenceState)
async def test_each_licence_state_is_set_with_the_token_and_read_back(
    bob: Admin, token: str, state: LicenceState
) -> None:
    """Cases 12, 15 and 31."""
    asked = {"pluginKey": APP, "token": token, "state": state.name}
    shown = asked | {"valid": state.active, "links": {"self": TOKEN}}
    assert (await bob.ask("POST", f"{BASE}/license-tokens", asked)).json() == shown
    assert (await bob.ask("GET", TOKEN)).json() == shown
    assert (await bob.ask("GET", f"{BASE}/license-tokens")).json() == {"tokens": [shown]}
    licence = (await bob.ask("GET", f"{PLUGIN}/license")).json()
    number = licence.pop("supportEntitlementNumber", None)
    kind = {} if state is LicenceState.NONE else {"licenseType": "DEVELOPER"}
    expired = {"error": "EXPIRED"} if state.name.startswith("INACTIVE") else {}
    assert (number is None) == (state is LicenceState.NONE)
    assert licence == kind | expired | {
        "pluginKey": APP,
        "valid": state.active,
        "active": state.active,
        "evaluation": state.evaluation,
        "subscription": "SUBSCRIPTION" in state.name,
        "autoRenewal": state is LicenceState.ACTIVE_SUBSCRIPTION,
        "nearlyExpired": False,
    }


async def test_a_token_is_cleared_in_two_ways_and_applied_again(bob: Admin, token: str) -> None:
    path = f"{BASE}/license-tokens"
    applied = {"pluginKey": APP, "token": token, "state": "ACTIVE_TRIAL"}
    none = {"pluginKey": APP, "token": "", "state": "NONE"}
    assert (await bob.ask("POST", path, none)).json() == none | {
        "valid": False,
        "links": {"self": TOKEN},
    }
    assert (await bob.ask("GET", TOKEN)).json()["code"] == "no-token"
    assert (await bob.ask("POST", path, applied)).json()["state"] == "ACTIVE_TRIAL"
    for _ in range(2):
        assert (await bob.ask("DELETE", TOKEN)).status_code == 204
    assert (await bob.ask("GET", TOKEN)).status_code == 404
    assert (await bob.ask("GET", path)).json() == {"tokens": []}
    fresh = {"pluginKey": APP, "token": token}
    assert (await bob.ask("POST", path, fresh)).json()["state"] == "ACTIVE_SUBSCRIPTION"


async def test_what_a_token_is_refused_for_changes_nothing(bob: Admin, token: str) -> None:
    before = (await bob.ask("GET", f"{BASE}/license-tokens")).json()
    for asked, status, code in (
        ({"pluginKey": APP, "token": token[:-1], "state": "NONE"}, 409, "token-invalid"),
        ({"pluginKey": APP, "token": token, "state": "ACTIVE"}, 400, "bad-request"),
        ({"pluginKey": APP, "token": "", "state": "ACTIVE_TRIAL"}, 400, "bad-request"),
        ({"pluginKey": "com.example.none", "token": token}, 404, "not-installed"),
        ({"pluginKey": APP}, 400, "bad-request"),
        ([], 400, "bad-request"),
    ):
        answer = await bob.ask("POST", f"{BASE}/license-tokens", asked)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert token not in answer.text
    assert (await bob.ask("GET", f"{BASE}/license-tokens")).json() == before


@pytest.mark.parametrize("body", [b"\xff", b'{"pluginKey": "\xff"}', b"{", b"", b"1" * 9])
async def test_a_body_that_cannot_be_read_is_told_as_a_problem(bob: Admin, body: bytes) -> None:
    answer = await bob.ask("POST", f"{BASE}/license-tokens", raw=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")


async def test_a_free_app_has_a_token_and_no_licence(client: Client, bob: Admin) -> None:
    """Case 14."""
    free = {"enableLicensing": False}
    async with acting.served_to_all(client, FREE, sample.JWT | free, payment_model="free"):
        token, link = await acting.make_token(client, FREE)
        bare = link.partition("?")[0]
        assert (await bob.install(bare)).status_code == 303
        asked = {"pluginKey": FREE, "token": token, "state": "ACTIVE_SUBSCRIPTION"}
        refused = await bob.ask("POST", f"{BASE}/license-tokens", asked)
        assert (refused.status_code, refused.json()["code"]) == (409, "app-is-free")
        (row,) = await acting.tokens_of(client, FREE)
        assert row["status"] == "unused"  # nothing was half done
        del asked["state"]
        applied = (await bob.ask("POST", f"{BASE}/license-tokens", asked)).json()
        assert (applied["state"], applied["valid"]) == ("NONE", True)
        licence = (await bob.ask("GET", f"{BASE}/{FREE}-key/license")).json()
        assert (licence["valid"], "licenseType" in licence) == (False, False)
        await accepted(client, ANN, RemoveToken(app_key=FREE, token_id=1))
        path = f"{BASE}/license-tokens/{FREE}-key"
        async with asyncio.timeout(5):
            while (await bob.ask("GET", path)).json()["valid"]:
                await asyncio.sleep(0.05)
        assert (await bob.ask("DELETE", f"{BASE}/{FREE}-key")).status_code == 204


async def test_who_may_not_ask_is_refused_everywhere(
    house: Supervisor, http: httpx2.AsyncClient, bob: Admin, token: str
) -> None:
    """With the code of the domain, whether it is a question or a wish."""
    del bob
    tom = Admin(http, BASE, "tom", Accounts(house.data).add("tom"))
    change, licence = {"enabled": False}, {"pluginKey": APP, "token": token}
    for method, path, body in (
        ("GET", f"{BASE}/", None),
        ("GET", f"{BASE}/settings", None),
        ("GET", PLUGIN, None),
        ("PUT", PLUGIN, change),
        ("DELETE", PLUGIN, None),
        ("GET", f"{PLUGIN}/license", None),
        ("GET", f"{BASE}/license-tokens", None),
        ("GET", TOKEN, None),
        ("POST", f"{BASE}/license-tokens", licence),
        ("DELETE", TOKEN, None),
        ("GET", f"{BASE}/pending/{APP}/1", None),
    ):
        answer = await tom.ask(method, path, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-an-admin"), path
        absent = await tom.ask(method, path.replace(SITE, "absent"), body)
        assert (absent.status_code, absent.json()["code"]) == (404, "unknown-site"), path
        nobody = await http.request(method, path, json=body)
        assert (nobody.status_code, nobody.json()["code"]) == (401, "not-authenticated"), path


async def test_an_app_is_uninstalled(bob: Admin, token: str) -> None:
    del token
    assert (await bob.ask("DELETE", PLUGIN)).status_code == 204
    for method in ("GET", "DELETE"):
        answer = await bob.ask(method, PLUGIN)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-installed")
