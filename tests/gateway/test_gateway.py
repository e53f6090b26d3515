"""What the gateway serves to everybody: public keys, and how it is."""

import os
import signal
from pathlib import Path

import httpx2
import pytest

from services.gateway.app import made
from services.installation.commands import InstallApp
from services.supervisor import Supervisor
from shared.client import Client
from shared.install_keys import InstallKeys
from tests.clients import sample_app as sample
from tests.clients.verifying import by_key, kid_of
from tests.flows import acting
from tests.flows.acting import BOB, accepted
from tests.flows.conftest import bare_nats

pytestmark = pytest.mark.flow


async def test_an_app_checks_what_it_is_told_by_the_key_that_it_names(
    client: Client, http: httpx2.AsyncClient
) -> None:
    """Cases 6, 7 and 8."""
    await acting.make_site(client, "checked")
    async with acting.served(client, "com.example.checked", sample.JWT) as app:
        await accepted(client, BOB, InstallApp(site_id="checked", url=app.url))
        (told,) = await app.until_told("installed")
        key = await http.get(f"/install-keys/{kid_of(told)}")
        by_key(app, told, {kid_of(told): key.content})
    assert (key.status_code, key.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert key.content.startswith(b"-----BEGIN PUBLIC KEY-----\n")
    assert key.content.endswith(b"\n-----END PUBLIC KEY-----\n")
    assert b"\r" not in key.content


async def test_an_old_key_stays_when_there_is_a_new_one(
    house: Supervisor, http: httpx2.AsyncClient
) -> None:
    keys = InstallKeys(house.data / "install-keys")
    old, new = keys.newest[0], keys.make()
    for kid in (old, new):
        assert (await http.get(f"/install-keys/{kid}")).content == keys.public(kid)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/install-keys/absent", 404, "unknown-key"),
        ("/install-keys/..%2F..%2Fkeys.json", 404, None),
        ("/install-keys/", 404, "unknown-route"),
        (f"/install-keys/{'x' * 101}", 400, "bad-request"),
        ("/", 404, "unknown-route"),
    ],
)
async def test_what_is_not_there_is_told_as_a_problem(
    http: httpx2.AsyncClient, path: str, status: int, code: str | None
) -> None:
    answer = await http.get(path)
    assert answer.status_code == status, answer.text
    if code is not None:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == code


async def test_what_is_served_is_described_and_loads_nothing_from_elsewhere(
    http: httpx2.AsyncClient,
) -> None:
    described = (await http.get("/openapi.json")).json()
    assert {"/health", "/install-keys/{kid}"} < set(described["paths"])
    for path in ("/docs", "/redoc"):
        assert (await http.get(path)).status_code == 404


async def test_another_method_leads_nowhere(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/install-keys/absent")
    assert (answer.status_code, answer.json()["code"]) == (405, "unknown-route")


async def test_health_tells_of_the_services(house: Supervisor, http: httpx2.AsyncClient) -> None:
    answer = await http.get("/health")
    ready = dict.fromkeys(("listing", "token", "installation"), "ready")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "services": ready})
    os.kill(house.pid("installation"), signal.SIGKILL)
    answer = await http.get("/health")
    told = {"ready": False, "services": ready | {"installation": "away"}}
    assert (answer.status_code, answer.json()) == (503, told)
    await house.until_up()


async def test_a_service_that_is_away_is_told_as_a_problem(tmp_path: Path) -> None:
    app = made()
    async with (
        bare_nats(tmp_path) as url,
        await Client.open(url, "guestlist", timeout=0.3) as client,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://x") as http,
    ):
        app.state.client = client
        answer = await http.get("/install-keys/absent")
    assert (answer.status_code, answer.json()["code"]) == (503, "no-reply")
    assert answer.headers["retry-after"] == "1"


async def test_no_link_with_its_token_is_logged(
    house: Supervisor, http: httpx2.AsyncClient
) -> None:
    token = "gl_1_k1" + "x" * 33
    await http.get(f"/download/apps/x/version/1/descriptor?access-token={token}")
    assert token not in (house.data / "log/gateway.log").read_text()
