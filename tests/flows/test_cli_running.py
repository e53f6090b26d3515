"""Commands that run until they are told to stop, and servers that stop under them."""

import asyncio
import json
import shlex
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.accounts import Accounts
from services.listing.commands import PublishApp
from shared.client import Client
from shared.keys import Keys
from tests.clients.command import guestlist, read_line, started
from tests.clients.ports import free_port
from tests.clients.sample_app import sample_app
from tests.flows.conftest import bare_nats


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[str]:
    """A NATS server to which no service listens."""
    async with bare_nats(tmp_path) as url:
        yield url


async def test_what_nobody_listens_to_gets_no_answer(nats: str) -> None:
    create = ("send", "CreateToken", "app_key=x", "--nats", nats)
    sent, asked, audit = await asyncio.gather(
        guestlist(*create, "--id", "one", "--json"),
        guestlist("query", "Listing", "app_key=x", "--nats", nats),
        guestlist("audit", "--nats", nats),
    )
    for ended in (sent, asked, audit):
        assert (ended.code, ended.out) == (3, "")
    told = json.loads(sent.err)
    assert told["code"] == "no-reply"
    assert told["hint"] == "send it again with --id one: it is decided once"
    assert asked.err.splitlines()[-1] == "hint: try again"


async def test_a_service_runs_until_it_is_told_to_stop(nats: str, tmp_path: Path) -> None:
    Keys.make(tmp_path / "keys.json")
    example = await _example("service")
    given = {"GUESTLIST_NATS": nats, "GUESTLIST_DATA": str(tmp_path)}
    async with (
        started(*example, settings=given) as service,
        await Client.open(nats, "tester") as client,
    ):
        while await client.health("token") is None:
            assert service.returncode is None
            await asyncio.sleep(0.05)
        service.terminate()
        _, err = await service.communicate()
    assert service.returncode == 0
    assert b"Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_house_runs_until_it_is_told_to_stop(tmp_path: Path, number: int) -> None:
    given = {"GUESTLIST_DATA": str(tmp_path / "data")}
    typed = [*await _example("up"), "--port", str(free_port()), "--http-port", str(free_port())]
    if number == signal.SIGINT:
        typed.remove("--development")
        given["GUESTLIST_DEVELOPMENT"] = "true"
    async with started(*typed, settings=given) as up:
        told = await read_line(up.stdout)
        assert told.startswith("up: listing, token, installation on 127.0.0.1:")
        signing_in = await read_line(up.stdout)
        password = signing_in.removeprefix("sign in over HTTP as operator with ").partition(",")[0]
        assert Accounts(tmp_path / "data").by_password("operator", password)
        children = _children(up.pid)
        assert len(children) == 5

        again, registered = await asyncio.gather(
            guestlist("up", settings=given),
            guestlist(
                "send", "RegisterPartner", "partner_id=acme", "organisation=A", settings=given
            ),
        )
        assert (again.code, again.out) == (2, "")
        assert again.err.startswith(f"already-up: process {up.pid} runs on {tmp_path / 'data'}\n")
        assert registered.code == 0
        with sample_app({"key": "x"}) as app:
            asked = {"app_key": "x", "partner_id": "acme", "descriptor_url": app.url}
            body = json.dumps(asked | {"visibility": "private", "payment_model": "free"})
            published = await guestlist("send", PublishApp.__name__, body, settings=given)
        assert published.code == 0, published

        up.send_signal(number)
        out, err = await up.communicate()
    assert (up.returncode, out, err) == (0, b"", b"")
    assert not any(map(_runs, children))


async def _example(command: str) -> list[str]:
    """What the help of a command gives as an example."""
    shown = await guestlist(command, "--help")
    return shlex.split(shown.out.partition("Example: guestlist ")[2])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
