"""Operators watch over HTTP how apps take their hooks, and what is refused."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from nats.aio.client import Client as Connection

from services.accounts import Accounts
from services.installation.commands import DisableApp, EnableApp, InstallApp, RegisterSite
from services.installation.events import HookAnswered
from services.supervisor import Supervisor
from services.token.commands import CreateToken
from shared.client import Client
from shared.subjects import EVENTS
from tests.clients import sample_app as sample
from tests.clients.audit import Audit
from tests.clients.sample_app import SampleApp, answering
from tests.flows import acting
from tests.flows.acting import ANN, BOB, EVE, OPERATOR, accepted, code
from tests.flows.conftest import wire
from tests.gateway.scraping import Figures, hooks, read, refusals, scraped

__all__ = ["wire"]

DOCS = Path(__file__).parents[2] / "docs/metrics.md"
pytestmark = pytest.mark.flow
SITE = "watched"
TAKES, REFUSES, STOPS, LIMITED = (
    f"com.example.{name}" for name in ("takes", "refuses", "stops", "limited")
)
AGAIN = Figures({("disabled", "taken", "2xx"): 1, ("enabled", "taken", "2xx"): 1})
"""What an app is told that is disabled and enabled."""


@pytest.fixture(scope="module")
async def watching(house: Supervisor) -> AsyncIterator[httpx2.AsyncClient]:
    """The operator asks over HTTP."""
    signed = (OPERATOR, Accounts(house.data).add(OPERATOR))
    async with httpx2.AsyncClient(base_url=house.http, timeout=10, auth=signed) as opened:
        yield opened


@pytest.fixture(scope="module")
async def taking(client: Client, audit: Audit) -> AsyncIterator[SampleApp]:
    """An app on a site that takes what it is told."""
    await acting.make_site(client, SITE)
    async with acting.served(client, TAKES, sample.JWT) as app:
        await install(client, app)
        await audit.see(HookAnswered, app_key=TAKES, hook="enabled")
        yield app


async def install(client: Client, app: SampleApp) -> None:
    await accepted(client, BOB, InstallApp(site_id=SITE, url=app.url))


@pytest.mark.usefixtures("taking")
async def test_each_hook_is_counted_by_how_the_app_answered(
    client: Client, audit: Audit, watching: httpx2.AsyncClient
) -> None:
    """Case 28."""
    async with acting.served(client, REFUSES, sample.JWT) as refusing:
        refusing.answer = answering(500)
        await install(client, refusing)
        await audit.see(HookAnswered, app_key=REFUSES)
    async with acting.served(client, STOPS, sample.JWT) as stopping:
        await install(client, stopping)
        await audit.see(HookAnswered, app_key=STOPS, hook="enabled")
    await accepted(client, BOB, DisableApp(site_id=SITE, app_key=STOPS))
    await audit.see(HookAnswered, app_key=STOPS, hook="disabled")
    samples = await scraped(watching)
    taken = {("installed", "taken", "2xx"): 1, ("enabled", "taken", "2xx"): 1}
    assert hooks(samples, TAKES) == taken
    assert hooks(samples, REFUSES) == {("installed", "refused", "5xx"): 1}
    assert hooks(samples, STOPS) == taken | {("disabled", "unreachable", "none"): 1}


@pytest.mark.usefixtures("taking")
async def test_how_long_an_app_takes_is_told_in_seconds(
    audit: Audit, watching: httpx2.AsyncClient
) -> None:
    told = [row.milliseconds / 1000 for row in audit.found(HookAnswered, app_key=TAKES)]
    rows = {
        (row.name.removeprefix("guestlist_hook_duration_seconds_"), row.labels.get("le")): row.value
        for row in await scraped(watching)
        if row.name.startswith("guestlist_hook_duration_seconds") and row.labels["app"] == TAKES
    }
    assert rows.pop(("sum", None)) == pytest.approx(sum(told))
    assert rows.pop(("count", None)) == len(told)
    bounds = ("0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf")
    assert rows == {
        ("bucket", bound): sum(seconds <= float(bound) for seconds in told) for bound in bounds
    }


async def test_each_refusal_is_counted_by_its_code(
    client: Client, wire: Connection, watching: httpx2.AsyncClient
) -> None:
    """Case 32."""
    await acting.list_app(client, LIMITED)
    before = refusals(await scraped(watching))
    for _ in range(50):
        await acting.make_token(client, LIMITED)
    reply = await client.send(CreateToken(app_key=LIMITED), actor=ANN)
    assert code(reply) == "token-limit-reached"
    site = RegisterSite(site_id="eves", base_url="https://x.example", product="jira", admin=EVE)
    assert code(await client.send(site, actor=EVE)) == "not-an-operator"
    await wire.request("cmd.token.CreateToken.x.ann", b"none of ours")
    expected = {
        ("CreateToken", "token-limit-reached"): 1,
        ("RegisterSite", "not-an-operator"): 1,
        ("malformed", "bad-request"): 1,
    }
    async with asyncio.timeout(5):
        while refusals(await scraped(watching)) - before != expected:
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("taking")
async def test_a_gateway_that_was_killed_tells_the_same_figures(
    house: Supervisor, watching: httpx2.AsyncClient
) -> None:
    """Case 28."""
    before = await scraped(watching)
    assert hooks(before, TAKES)
    await acting.kill(house, "gateway")
    assert await scraped(watching) == before


@pytest.mark.usefixtures("taking")
async def test_figures_go_on_after_an_outage(
    house: Supervisor, client: Client, watching: httpx2.AsyncClient
) -> None:
    before = hooks(await scraped(watching), TAKES)
    await acting.kill(house, "nats")
    for kind in (DisableApp, EnableApp):
        await accepted(client, BOB, kind(site_id=SITE, app_key=TAKES))
    await until_told(watching, before + AGAIN)


async def until_told(watching: httpx2.AsyncClient, expected: Figures) -> None:
    """Wait until so many hooks were told to the app that takes them; meanwhile 503 may come."""
    async with asyncio.timeout(20):
        while True:
            answer = await watching.get("/metrics")
            if answer.status_code == 200 and hooks(read(answer), TAKES) == expected:
                return
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("taking")
async def test_figures_begin_anew_with_a_stream(
    client: Client, wire: Connection, watching: httpx2.AsyncClient
) -> None:
    before = hooks(await scraped(watching), TAKES)
    await wire.jetstream().delete_stream(EVENTS)
    for kind in (DisableApp, EnableApp):
        await accepted(client, BOB, kind(site_id=SITE, app_key=TAKES))
    await until_told(watching, before + AGAIN)


async def test_only_operators_are_told(
    house: Supervisor, http: httpx2.AsyncClient, watching: httpx2.AsyncClient
) -> None:
    assert (await watching.get("/metrics")).status_code == 200
    ann = Accounts(house.data).add(ANN)
    for auth, status, problem in (
        (None, 401, "not-authenticated"),
        ((OPERATOR, ann), 401, "not-authenticated"),
        ((ANN, ann), 403, "not-an-operator"),
    ):
        answer = await http.get("/metrics", auth=auth)
        assert (answer.status_code, answer.json()["code"]) == (status, problem)
        assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.usefixtures("taking")
async def test_each_metric_is_documented_with_its_labels(
    client: Client, watching: httpx2.AsyncClient
) -> None:
    site = RegisterSite(site_id="eves", base_url="https://x.example", product="jira", admin=EVE)
    await client.send(site, actor=EVE)
    samples = await scraped(watching)
    told = {
        (re.sub("_(bucket|count|sum)$", "", row.name), frozenset(row.labels) - {"le"})
        for row in samples
    }
    rows = re.findall(r"^\| `(guestlist_\w+)` \| ([^|]+) \|", DOCS.read_text(), re.MULTILINE)
    assert told == {(name, frozenset(re.findall(r"\w+", labels))) for name, labels in rows}
