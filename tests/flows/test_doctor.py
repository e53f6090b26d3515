"""The doctor finds what is wrong, and says the mend."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import nats
import pytest

from services.address import Address
from services.cli.doctor import examine
from services.cli.knocking import knock
from services.cli.running import LEAST_FREE
from services.cli.told import Finding
from services.contract import SERVICES
from services.supervisor import Supervisor
from shared import clock
from tests.clients.command import guestlist, started
from tests.clients.ports import free_port
from tests.clients.sample_app import sample_app
from tests.flows.conftest import bare_nats


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[str]:
    """A NATS server to which no service listens."""
    async with bare_nats(tmp_path) as url:
        yield url


async def wrong(url: str, **options: object) -> dict[str, Finding]:
    """What isn't well, by what was looked at; each has its mend."""
    given: Any = {"least_free": LEAST_FREE} | options
    found = [finding async for finding in examine(url, None, **given)]
    assert all(bool(finding.mend) != finding.well for finding in found)
    return {finding.check: finding for finding in reversed(found) if not finding.well}


async def test_a_house_is_well(house: Supervisor) -> None:
    given = {"GUESTLIST_DATA": str(house.data)}
    told = await guestlist("doctor", "--least-free", "1", settings=given)
    assert (told.code, told.err) == (0, "")
    assert [line.split()[:2] for line in told.out.splitlines()] == [
        ["ok", check]
        for check in ("server", *["services"] * 3, *["stream"] * 4, "clock", "gateway", "disk")
    ]
    assert "none runs on this folder" in told.out
    data = await guestlist("doctor", "--least-free", "1", "--json", settings=given)
    findings = [Finding.model_validate(row) for row in json.loads(data.out)]
    assert [finding.well for finding in findings] == [True] * 11


async def test_a_disk_that_is_nearly_full_is_found(house: Supervisor) -> None:
    given = {"GUESTLIST_DATA": str(house.data)}
    told = await guestlist("doctor", "--least-free", "1000000000", "--json", settings=given)
    assert told.code == 1
    *_, disk = json.loads(told.out)
    assert (disk["check"], disk["well"]) == ("disk", False)
    assert disk["mend"].startswith("make room")


async def test_a_server_that_is_away_is_found() -> None:
    url = f"nats://user:secret@127.0.0.1:{free_port()}"
    found, told = await asyncio.gather(wrong(url), guestlist("doctor", "--nats", url))
    assert [*found] == ["server"]
    assert "no NATS server answers" in found["server"].detail
    assert (told.code, told.err) == (1, "")
    assert "secret" not in told.out


async def test_a_wrong_user_is_found(house: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.connected._CONNECT", 0.5)
    found = await wrong(house.url.replace("guestlist:", "guestlist:not"))
    assert "refuses this user or password" in found["server"].detail


async def test_a_missing_stream_and_absent_services_are_found(bare: str) -> None:
    found = await wrong(bare)
    assert found["stream"].detail == "there is no stream EVENTS"
    told = [finding async for finding in examine(bare, None, least_free=LEAST_FREE)]
    assert [finding.detail for finding in told if finding.check == "services"] == [
        f"{service} gives no answer" for service in SERVICES
    ]


async def test_a_stream_other_than_declared_is_found(bare: str) -> None:
    connection = await nats.connect(bare)
    await connection.jetstream().add_stream(name="EVENTS", subjects=["evt.token.>"])
    await connection.close()
    detail = (await wrong(bare))["stream"].detail
    assert "subjects is ['evt.token.>'], not ['evt.>']" in detail
    assert "deny_delete" in detail


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_clock_that_is_ten_minutes_off_is_found(house: Supervisor, minutes: int) -> None:
    def now() -> object:
        return clock.now() + timedelta(minutes=minutes)

    found = await wrong(house.url, now=now)
    assert [*found] == ["clock"]
    assert found["clock"].detail.split(".")[0] in {"599", "600"}


@asynccontextmanager
async def gateway(url: str, data: Path) -> AsyncIterator[Finding]:
    """A gateway of that folder; gives what is found once it answers."""
    port = free_port()
    Address.of(data, port)
    settings = {
        "GUESTLIST_NATS": url,
        "GUESTLIST_DATA": str(data),
        "GUESTLIST_HTTP_PORT": str(port),
    }
    async with started("service", "gateway", settings=settings):
        while "it answers" not in (found := await asyncio.to_thread(knock, data)).detail:
            await asyncio.sleep(0.05)
        yield found


async def test_a_gateway_that_is_ready_is_well(house: Supervisor, tmp_path: Path) -> None:
    async with gateway(house.url, tmp_path) as found:
        assert (found.well, found.mend) == (True, "")
    found = knock(tmp_path)
    assert (found.well, found.mend) == (False, "start it: guestlist up")
    assert found.detail.startswith("it doesn't answer at http://127.0.0.1:")


async def test_a_gateway_behind_which_nothing_works_is_found(bare: str, tmp_path: Path) -> None:
    async with gateway(bare, tmp_path) as found:
        assert not found.well
        assert found.detail.endswith(
            "and isn't ready: listing is away, token is away, installation is away"
        )


async def test_what_answers_and_is_no_gateway_is_found(bare: str, tmp_path: Path) -> None:
    with sample_app() as app:
        for url in (app.descriptor["baseUrl"], bare):
            (tmp_path / "http.json").write_text(
                json.dumps({"http_port": int(url.rpartition(":")[2]), "public_url": url})
            )
            found = await asyncio.to_thread(knock, tmp_path)
            assert not found.well
            assert found.detail.startswith("it doesn't answer")


@pytest.mark.parametrize("text", ["", "[]", '{"port": 1}'])
def test_a_folder_whose_address_cannot_be_read_is_found(tmp_path: Path, text: str) -> None:
    (tmp_path / "http.json").write_text(text)
    found = knock(tmp_path)
    assert (found.well, found.detail) == (False, f"{tmp_path / 'http.json'} names no address")
    assert found.mend.startswith("remove it")
