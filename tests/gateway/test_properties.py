"""An app keeps JSON on a site over HTTP."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from services.installation.commands import InstallApp
from services.installation.events import AppInstalled
from shared.client import Client
from shared.qsh import qsh
from tests.clients import sample_app as sample
from tests.clients.asking import signed
from tests.clients.audit import Audit
from tests.clients.sample_app import Told
from tests.flows import acting
from tests.flows.acting import BOB, accepted

pytestmark = pytest.mark.flow
APP, SITE = "com.example.Keeps", "keeper"
PATH = f"/rest/atlassian-connect/1/addons/{APP}/properties"
URL = f"https://{SITE}.example.com{PATH}"


class Asking:
    """An app that was installed, asking a site."""

    def __init__(self, http: httpx2.AsyncClient, told: Told) -> None:
        self._http, self._told = http, told

    async def __call__(
        self, method: str, name: str = "", body: Any = None, *, path: str = PATH, **claims: Any
    ) -> httpx2.Response:
        """The answer; `body` is sent as it is."""
        at = f"{path}/{name}" if name else path
        token = signed(self._told, at, method=method, **claims)
        return await self._http.request(
            method,
            f"/site/{SITE}{at}",
            content=body,
            headers={"Authorization": f"JWT {token}", "Content-Type": "application/json"},
        )


@pytest.fixture(scope="module")
async def app(client: Client, audit: Audit, http: httpx2.AsyncClient) -> AsyncIterator[Asking]:
    """The app on the site."""
    await acting.make_site(client, SITE)
    async with acting.served(client, APP, sample.JWT) as served:
        await accepted(client, BOB, InstallApp(site_id=SITE, url=served.url))
        await audit.see(AppInstalled, site_id=SITE)
        yield Asking(http, served.told[0])


async def test_a_value_is_kept_changed_shown_and_deleted(app: Asking) -> None:
    assert (await app("GET")).json() == {"keys": []}
    for status, body in (
        (201, b'{"a": [1, null, 1e999], "e": "\xc3\xa9"}'),
        (200, b"null"),
        (200, b'"text"'),
    ):
        kept = await app("PUT", "board%20one", body)
        assert (kept.status_code, kept.json()["status"]) == (status, status)
        shown = await app("GET", "board%20one")
        assert shown.headers["content-type"] == "application/json"
        assert shown.content.endswith(b',"value":' + body + b"}")
    assert shown.json() == {"key": "board one", "value": "text", "self": f"{URL}/board%20one"}
    listed = [{"key": "board one", "self": f"{URL}/board%20one"}]
    assert (await app("GET")).json() == {"keys": listed}
    assert (await app("DELETE", "board%20one")).status_code == 204
    for method in ("GET", "DELETE"):
        answer = await app(method, "board%20one")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-property")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "bad-request"),
        (b"{", 400, "bad-request"),
        (b"NaN", 400, "bad-request"),
        (b'"\xff"', 400, "bad-request"),
        (b'"' + b"x" * 32_767 + b'"', 400, "bad-request"),
    ],
)
async def test_what_is_no_json_or_too_long_is_not_kept(
    app: Asking, body: bytes, status: int, code: str
) -> None:
    answer = await app("PUT", "bad", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await app("GET", "bad")).status_code == 404


async def test_characters_are_counted_and_not_bytes(app: Asking) -> None:
    largest = json.dumps("\U0001f9e9" * 32_766, ensure_ascii=False)
    assert (await app("PUT", "largest", largest.encode())).status_code == 201
    assert (await app("GET", "largest")).json()["value"] == json.loads(largest)
    assert (await app("DELETE", "largest")).status_code == 204


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_without_end_is_cut_off(app: Asking, declared: bool) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 10_000

    body = b" " * 400_000 if declared else endless()
    assert (await app("PUT", "bad", body)).status_code == 413


async def test_a_name_is_at_most_127_characters(app: Asking) -> None:
    assert (await app("PUT", "n" * 127, b"1")).status_code == 201
    assert (await app("PUT", "n" * 128, b"1")).json()["code"] == "bad-request"


async def test_a_token_is_good_for_its_own_request_and_its_own_app(app: Asking) -> None:
    other = PATH.replace(APP, "com.example.other")
    for answer, status, code in (
        (await app("PUT", "x", b"1", qsh=qsh("GET", f"{PATH}/x", "")), 401, "not-authenticated"),
        (await app("DELETE", "x", qsh="context-qsh"), 401, "not-authenticated"),
        (await app("PUT", "x", b"1", path=other), 404, "not-installed"),
        (await app("POST", "x", b"1"), 405, "unknown-route"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await app("GET", "x")).status_code == 404
