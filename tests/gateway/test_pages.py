"""The admins of a site open the pages of its apps over HTTP, once they have signed in."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from services.accounts import Accounts
from services.installation.commands import InstallApp
from services.installation.events import AppInstalled
from services.supervisor import Supervisor
from shared.client import Client
from tests.clients import sample_app as sample
from tests.clients.audit import Audit
from tests.flows import acting
from tests.flows.acting import BOB, accepted

pytestmark = pytest.mark.flow
APP, SITE = "com.example.paged", "paged"
PATH = f"/site/{SITE}/apps/{APP}/page"


@pytest.fixture(scope="module")
async def password(house: Supervisor, client: Client, audit: Audit) -> AsyncIterator[str]:
    """Bob's, on whose site the app is installed."""
    await acting.make_site(client, SITE)
    page = {"modules": {"adminPages": [{"key": "admin", "url": "/admin"}]}}
    async with acting.served(client, APP, sample.JWT | page) as app:
        _, link = await acting.make_token(client, APP)
        await accepted(client, BOB, InstallApp(site_id=SITE, url=link))
        await audit.see(AppInstalled, site_id=SITE)
        assert app.told
        yield Accounts(house.data).add(BOB)


async def test_an_admin_gets_the_signed_url_of_a_page(
    http: httpx2.AsyncClient, password: str
) -> None:
    answer = await http.get(PATH, auth=(BOB, password))
    assert answer.status_code == 200, answer.text
    told = parse_qs(urlsplit(answer.json()["url"]).query)
    assert (told["lic"], len(told["jwt"])) == (["active"], 1)
    assert answer.headers["cache-control"] == "no-store"


async def test_who_has_not_signed_in_is_asked_to(http: httpx2.AsyncClient, password: str) -> None:
    answers = [
        await http.get(PATH, auth=auth)
        for auth in (None, (BOB, password[:-1]), ("nobody", password), (BOB, ""))
    ]
    answers += [
        await http.get(PATH, headers={"Authorization": header})
        for header in ("", "Basic", "Basic !", "Basic Ym9i", "Basic /w==", "Bearer x")
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated")
        assert answer.headers["www-authenticate"] == 'Basic realm="Guestlist"'


async def test_an_account_that_is_removed_is_out_at_once(
    house: Supervisor, http: httpx2.AsyncClient, password: str
) -> None:
    del password
    accounts = Accounts(house.data)
    eve = accounts.add("eve")
    assert (await http.get(PATH, auth=("eve", eve))).status_code == 403
    accounts.remove("eve")
    assert (await http.get(PATH, auth=("eve", eve))).status_code == 401


async def test_accounts_that_cannot_be_read_are_told_as_a_problem(
    house: Supervisor, http: httpx2.AsyncClient, password: str
) -> None:
    file = house.data / "accounts.json"
    before = file.read_text()
    file.write_text("[]")
    try:
        answer = await http.get(PATH, auth=(BOB, password))
    finally:
        file.write_text(before)
    assert (answer.status_code, answer.json()["code"]) == (503, "damaged")
    assert str(file) not in answer.text
    assert (await http.get(PATH, auth=(BOB, password))).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{PATH}?key=absent", 409, "no-page"),
        (f"{PATH}?key=", 400, "bad-request"),
        (PATH.replace(APP, "com.example.none"), 404, "not-installed"),
        (PATH.replace(SITE, "absent"), 404, "unknown-site"),
    ],
)
async def test_what_the_domain_refuses_is_refused_with_the_same_code(
    http: httpx2.AsyncClient, password: str, path: str, status: int, code: str
) -> None:
    answer = await http.get(path, auth=(BOB, password))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
