"""The members of a partner make tokens and look at their apps over HTTP."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from services.accounts import Accounts
from services.installation.queries import Site
from services.listing.commands import AddMember, PublishVersion
from services.supervisor import Supervisor
from shared.client import Client
from tests.clients import sample_app as sample
from tests.clients.audit import Audit
from tests.flows import acting
from tests.flows.acting import ANN, BOB, EVE, accepted

pytestmark = pytest.mark.flow
REST = "/rest/3/app-software"


class Partner:
    """An account that signed in."""

    def __init__(self, http: httpx2.AsyncClient, account: str, password: str) -> None:
        self._http, self._auth = http, (account, password)

    async def __call__(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """The answer."""
        return await self._http.request(
            method, f"{REST}/{path}", json=body, auth=self._auth, headers=headers
        )


@pytest.fixture(scope="module")
async def ann(house: Supervisor, http: httpx2.AsyncClient) -> Partner:
    """The partner's member."""
    return Partner(http, ANN, Accounts(house.data).add(ANN))


@pytest.fixture(scope="module")
async def eve(house: Supervisor, http: httpx2.AsyncClient) -> Partner:
    """A stranger."""
    return Partner(http, EVE, Accounts(house.data).add(EVE))


async def test_a_token_is_made_listed_used_and_removed(
    client: Client, audit: Audit, ann: Partner
) -> None:
    app_key = "com.example.Partnered"
    async with acting.served_to_all(client, app_key, sample.JWT):
        found = await ann("GET", f"app-key/{app_key}")
        assert found.json() == [{"appSoftwareId": app_key, "hosting": "cloud"}]
        assert (await ann("GET", f"app-key/{app_key}?hosting=cloud")).json() == found.json()
        assert (await ann("GET", f"app-key/{app_key}?hosting=server")).json() == []
        made = await ann("POST", f"{app_key}/tokens", {"note": "for Bob"})
        assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
        bare = await ann("POST", f"{app_key}/tokens")
        assert (bare.status_code, bare.json()["note"]) == (201, None)
        token = made.json()
        unused = token | {"createdAt": None, "appliedAt": None}
        listed = await ann("GET", f"{app_key}/tokens")
        assert listed.headers["cache-control"] == "no-store"
        (first, second) = listed.json()["tokens"]
        assert first | {"createdAt": None} == unused
        assert (first["status"], first["instance"], first["cloudId"]) == ("unused", None, None)
        only = await ann("GET", f"{app_key}/tokens?token={second['token']}")
        assert only.json()["tokens"] == [second]
        assert (await ann("GET", f"{app_key}/tokens?token=x")).json()["tokens"] == []
        await acting.make_site(client, "partnered")
        await acting.install(client, audit, "partnered", token["links"]["private"])
        site = await acting.ask(client, Site(site_id="partnered"), BOB)
        async with asyncio.timeout(10):
            while True:
                (applied, _) = (await ann("GET", f"{app_key}/tokens")).json()["tokens"]
                if applied["cloudId"] is not None:
                    break
                await asyncio.sleep(0.05)
        assert (applied["status"], applied["instance"]) == ("applied", "partnered")
        assert applied["cloudId"] == site["cloud_id"]
        assert applied["appliedAt"]
    path = f"{app_key}/tokens/{token['token']}"
    assert (await ann("DELETE", path)).status_code == 204
    again = await ann("DELETE", path)
    assert (again.status_code, again.json()["code"]) == (404, "unknown-token")
    assert token["token"] not in again.text
    assert (await ann("GET", f"{app_key}/tokens")).json()["tokens"] == [second]


async def test_a_token_that_is_asked_for_again_under_its_key_is_the_same(
    client: Client, ann: Partner
) -> None:
    app_key = "com.example.once"
    await acting.list_app(client, app_key)
    asked = "POST", f"{app_key}/tokens", {"note": "x"}
    first, again = [await ann(*asked, headers={"Idempotency-Key": "wish-1"}) for _ in range(2)]
    assert (again.status_code, again.json()) == (201, first.json())
    other = await ann("POST", f"{app_key}/tokens", headers={"Idempotency-Key": "wish-1"})
    assert (other.status_code, other.json()["code"]) == (409, "command-id-reused")
    assert len((await ann("GET", f"{app_key}/tokens")).json()["tokens"]) == 1


async def test_a_key_of_another_account_is_another_key(
    house: Supervisor, client: Client, http: httpx2.AsyncClient, ann: Partner
) -> None:
    app_key = "com.example.both"
    await acting.list_app(client, app_key)
    await accepted(client, ANN, AddMember(partner_id="example", account="mia"))
    mia = Partner(http, "mia", Accounts(house.data).add("mia"))
    for member in (ann, mia):
        made = await member("POST", f"{app_key}/tokens", headers={"Idempotency-Key": "same"})
        assert made.status_code == 201, made.text
    assert len((await ann("GET", f"{app_key}/tokens")).json()["tokens"]) == 2


async def test_at_most_50_tokens_are_active(client: Client, ann: Partner) -> None:
    app_key = "com.example.full"
    await acting.list_app(client, app_key)
    for _ in range(50):
        made = await ann("POST", f"{app_key}/tokens")
        assert made.status_code == 201
    over = await ann("POST", f"{app_key}/tokens")
    assert (over.status_code, over.json()["code"]) == (409, "token-limit-reached")
    assert (await ann("DELETE", f"{app_key}/tokens/{made.json()['token']}")).status_code == 204
    assert (await ann("POST", f"{app_key}/tokens")).status_code == 201


async def test_versions_are_paged_each_once_while_others_are_published(
    client: Client, ann: Partner
) -> None:
    app_key = "com.example.paging"
    async with acting.served_to_all(client, app_key) as app:

        async def publish() -> None:
            app.change(description=f"{app.descriptor.get('description', '')}.")
            await accepted(client, ANN, PublishVersion(app_key=app_key))

        for _ in range(4):
            await publish()
        seen: list[int] = []
        page: str | None = f"{REST}/{app_key}/versions?limit=2"
        while page is not None:
            told = (await ann("GET", page.removeprefix(f"{REST}/"))).json()
            assert told["links"]["self"] == page
            assert told["totalCount"] == 5 + len(seen) // 2
            seen += [row["buildNumber"] for row in told["versions"]]
            page = told["links"].get("next")
            await publish()
        assert seen == [5, 4, 3, 2, 1]
        last = (await ann("GET", f"{app_key}/versions?limit=8")).json()
        assert "next" not in last["links"]
        newest = (await ann("GET", f"{app_key}/versions")).json()
        assert (len(newest["versions"]), newest["totalCount"]) == (8, 8)
        assert newest["versions"][0] == {
            "buildNumber": 8,
            "versionNumber": "1.0.7",
            "compatibilities": [],
            "supportedPaymentModel": "paid-via-atlassian",
            "frameworkDetails": {
                "frameworkId": "connect",
                "attributes": {
                    "descriptorUrl": app.url,
                    "descriptorLink": newest["versions"][0]["frameworkDetails"]["attributes"][
                        "descriptorLink"
                    ],
                },
            },
            "beta": False,
            "state": "active",
            "visibility": "private",
        }


async def test_each_version_tells_what_it_was_published_with(client: Client, ann: Partner) -> None:
    app_key = "com.example.moved"
    async with acting.served_to_all(client, app_key, payment_model="free") as app:
        await acting.make_public(client, app_key)
        app.change(description="Plans")
        paid = PublishVersion(
            app_key=app_key,
            descriptor_url=f"{app.url}?moved",
            visibility="public",
            beta=True,
            payment_model="paid-via-atlassian",
        )
        await accepted(client, ANN, paid)
        rows = (await ann("GET", f"{app_key}/versions")).json()["versions"]
        told = [(row["supportedPaymentModel"], row["beta"], row["visibility"]) for row in rows]
        assert told == [("paid-via-atlassian", True, "public"), ("free", False, "private")]
        urls = [row["frameworkDetails"]["attributes"]["descriptorUrl"] for row in rows]
        assert urls == [f"{app.url}?moved", app.url]
        assert (await ann("GET", f"{app_key}/versions/2")).json() == rows[0]
        shown = await ann("GET", f"{app_key}/versions/2/listing")
        assert shown.json()["state"] == "PUBLIC"


async def test_a_version_is_shown_as_it_is_listed(client: Client, ann: Partner) -> None:
    app_key = "com.example.shown"
    await acting.list_app(client, app_key, summary="Plans", product="jira")
    shown = (await ann("GET", f"{app_key}/versions/1/listing")).json()
    assert (shown["name"], shown["summary"], shown["moreDetails"]) == ("Roadmap", "Plans", None)
    assert (shown["state"], shown["approvalStatus"]) == ("PRIVATE", "private")
    (version,) = (await ann("GET", f"{app_key}/versions")).json()["versions"]
    assert version["compatibilities"] == [{"parentSoftwareId": "jira"}]
    absent = await ann("GET", f"{app_key}/versions/2/listing")
    assert (absent.status_code, absent.json()["code"]) == (404, "unknown-version")


async def test_who_is_no_member_sees_nothing_of_a_private_app(
    client: Client, http: httpx2.AsyncClient, ann: Partner, eve: Partner
) -> None:
    app_key = "com.example.secluded"
    await acting.list_app(client, app_key)
    token = (await ann("POST", f"{app_key}/tokens")).json()["token"]
    for method, path in (
        ("GET", "app-key/APP"),
        ("GET", "APP/tokens"),
        ("POST", "APP/tokens"),
        ("DELETE", f"APP/tokens/{token}"),
        ("GET", "APP/versions"),
        ("GET", "APP/versions/1"),
        ("GET", "APP/versions/1/listing"),
    ):
        theirs = await eve(method, path.replace("APP", app_key))
        nobody_s = await eve(method, path.replace("APP", "com.example.nowhere"))
        assert (theirs.status_code, theirs.json()["code"]) == (404, "unknown-app")
        assert theirs.text.replace(app_key, "com.example.nowhere") == nobody_s.text
        unsigned = await http.request(method, f"{REST}/{path.replace('APP', app_key)}")
        assert (unsigned.status_code, unsigned.json()["code"]) == (401, "not-authenticated")
    assert len((await ann("GET", f"{app_key}/tokens")).json()["tokens"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "x/versions?limit=0",
        "x/versions?limit=51",
        "x/versions?cursor=7",
        f"x/versions?cursor={quote('before-1 ')}",
        "x/versions/0/listing",
        "x/tokens?token=",
        "-/tokens",
    ],
)
async def test_what_is_malformed_is_told_as_a_problem(ann: Partner, path: str) -> None:
    answer = await ann("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")


@pytest.mark.parametrize("body", [[], {"note": 7}, {"note": "n" * 201}, "x"])
async def test_a_token_is_not_made_of_a_malformed_wish(
    client: Client, ann: Partner, body: Any
) -> None:
    del client
    answer = await ann("POST", "com.example.full/tokens", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")


async def test_a_page_of_another_site_makes_no_token(client: Client, ann: Partner) -> None:
    app_key = "com.example.cross-site"
    forged: list[dict[str, str]] = [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example.com"},
        {"Origin": "null"},
    ]
    async with acting.served_to_all(client, app_key, sample.JWT):
        for headers in forged:
            made = await ann("POST", f"{app_key}/tokens", headers=headers)
            assert (made.status_code, made.json()["code"]) == (403, "cross-site")
            listed = await ann("GET", f"{app_key}/tokens", headers=headers)
            assert listed.json() == {"tokens": []}
        for told in ("same-origin", "none"):
            made = await ann("POST", f"{app_key}/tokens", headers={"Sec-Fetch-Site": told})
            assert made.status_code == 201
