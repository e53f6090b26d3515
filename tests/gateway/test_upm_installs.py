"""The admins of a site install apps by the calls of the plugin manager, and learn why not."""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import AsyncIterator

import httpx2
import pytest

from services.accounts import Accounts
from services.installation.commands import DisablePrivateListings, EnablePrivateListings
from services.supervisor import Supervisor
from shared.client import Client
from tests.clients import sample_app as sample
from tests.clients.ports import free_port
from tests.clients.sample_app import SampleApp, answering
from tests.flows import acting
from tests.flows.acting import BOB, EVE, accepted
from tests.gateway.admin import INSTALL, Admin

pytestmark = pytest.mark.flow
APP, SITE = "com.example.Installing", "installing"
BASE = f"/site/{SITE}/rest/plugins/1.0"
PLUGIN = f"{BASE}/{APP}-key"


@pytest.fixture(scope="module")
async def app(client: Client) -> AsyncIterator[SampleApp]:
    """A paid app, listed privately; the site takes private apps."""
    await acting.make_site(client, SITE)
    async with acting.served_to_all(client, APP, sample.JWT) as running:
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


@pytest.mark.parametrize("kind", [INSTALL, INSTALL.replace("install+", "install.uri+")])
async def test_the_url_of_its_descriptor_updates_an_app(
    bob: Admin, app: SampleApp, token: str, kind: str
) -> None:
    """Case 1."""
    del token
    begun = await bob.begin(app.url, kind)
    assert begun.json()["status"]["done"] is False
    self = begun.json()["links"]["self"]
    async with asyncio.timeout(10):
        while (await bob.ask("GET", self)).status_code != 303:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("given", "sub_code"),
    [
        (
            "https://elsewhere.example.com/atlassian-connect.json",
            "upm.pluginInstall.error.descriptor.not.from.marketplace",
        ),
        ("no link", "upm.pluginInstall.error.descriptor.not.from.marketplace"),
        ("WRONG", "token-invalid"),
    ],
)
async def test_why_a_link_is_refused_is_told_when_the_tool_looks_again(
    bob: Admin, given: str, sub_code: str, token: str, link: str
) -> None:
    told = await bob.install(given.replace("WRONG", link.replace(token, "x")))
    status = told.json()["status"]
    assert (status["subCode"], status["done"]) == (sub_code, True)
    assert status["contentType"] == "application/vnd.atl.plugins.task.install.err+json"
    assert status["errorMessage"]


async def test_why_an_app_was_not_installed_is_told(bob: Admin, client: Client) -> None:
    async with acting.served_to_all(client, "com.example.unwilling", sample.JWT) as unwilling:
        unwilling.answer = answering(500)
        told = await bob.install(unwilling.url)
    code = "connect.install.error.remote.host.bad.response.500"
    assert told.json()["status"]["subCode"] == code
    assert "500" in told.json()["status"]["errorMessage"]
    gone = await bob.ask("GET", f"{BASE}/com.example.unwilling-key")
    assert (gone.status_code, gone.json()["code"]) == (404, "not-installed")


async def test_an_app_that_is_away_is_told_as_such(bob: Admin, client: Client) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    async with acting.served_to_all(
        client, "com.example.away", sample.JWT | {"baseUrl": away}
    ) as app:
        told = await bob.install(app.url)
    assert told.json()["status"]["subCode"] == "connect.install.error.remote.host.bad.domain"


async def test_without_private_listings_no_token_link_is_taken(
    client: Client, bob: Admin, link: str, token: str
) -> None:
    del token
    await accepted(client, BOB, DisablePrivateListings(site_id=SITE))
    assert not (await setting(bob))
    told = await bob.install(link)
    assert told.json()["status"]["subCode"] == "private-listings-disabled"
    await accepted(client, BOB, EnablePrivateListings(site_id=SITE))
    assert await setting(bob)


async def setting(bob: Admin) -> bool:
    """What tools ask before they install."""
    (row,) = (await bob.ask("GET", f"{BASE}/settings")).json()["settings"]
    assert row["key"] == "connectDeveloperListingsEnabled"
    return bool(row["value"])


async def test_nothing_is_installed_without_the_token_that_the_account_got(
    house: Supervisor, http: httpx2.AsyncClient, bob: Admin, link: str
) -> None:
    eve = Admin(http, BASE, EVE, Accounts(house.data).add(EVE))
    assert (await eve.ask("HEAD", f"{BASE}/")).status_code == 403
    got = (await bob.ask("GET", f"{BASE}/")).headers["upm-token"]
    for token in ("", "?token=", f"?token={got[:-1]}", "?token=%C3%A9"):
        answer = await bob.ask("POST", f"{BASE}/{token}", {"pluginUri": link})
        assert (answer.status_code, answer.json()["code"]) == (403, "upm-token-invalid")
    answer = await eve.ask("POST", f"{BASE}/?token={got}", {"pluginUri": link})
    assert (answer.status_code, answer.json()["code"]) == (403, "upm-token-invalid")


async def test_who_is_no_admin_begins_an_installation_in_vain(
    house: Supervisor, http: httpx2.AsyncClient, link: str
) -> None:
    """Whoever knows how the token is made has it; that only tells a program from a page."""
    signed = b64encode(f"joe:{Accounts(house.data).add('joe')}".encode()).decode()
    headers = {"Authorization": f"Basic {signed}"}
    for site, code in ((SITE, "not-an-admin"), ("absent", "unknown-site")):
        path = f"{BASE.replace(SITE, site)}/"
        token = hmac.digest(headers["Authorization"].encode(), path.encode(), "sha256").hex()
        answer = await http.post(f"{path}?token={token}", json={"pluginUri": link}, headers=headers)
        assert answer.json()["code"] == code


async def test_a_task_is_known_to_its_own_account_alone(
    house: Supervisor, http: httpx2.AsyncClient, bob: Admin
) -> None:
    begun = await bob.begin("https://elsewhere.example.com/a.json")
    self = begun.json()["links"]["self"]
    async with asyncio.timeout(5):
        while not (await bob.ask("GET", self)).json()["status"]["done"]:
            await asyncio.sleep(0.05)
    mia = Admin(http, BASE, "mia", Accounts(house.data).add("mia"))
    assert (await mia.ask("GET", self)).json()["status"]["done"] is False
    for path in (f"{APP}/99", "com.example.none/1"):
        answer = await bob.ask("GET", f"{BASE}/pending/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-attempt")
    for path in (f"{APP}/0", f"{APP}/x", "refused/0/x", f"refused/-1/{'0' * 32}"):
        assert (await bob.ask("GET", f"{BASE}/pending/{path}")).status_code == 400
