"""What was lost is noticed, and tried again until it is there."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from services.nats_server import NatsServer
from services.ports import NotStarted
from services.supervisor import Supervisor
from shared.client import Client
from tests.clients.ports import free_port
from tests.flows.conftest import bare_nats


class Short(Supervisor):
    """Can't start anything new for a while."""

    gateway = False
    fails = 0

    async def _spawn(self, name: str, command: list[str]) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError("no memory")
        await super()._spawn(name, command)


async def test_a_service_that_can_not_be_started_is_tried_again(tmp_path: Path) -> None:
    told: list[str] = []
    async with Short(tmp_path, port=free_port(), report=told.append) as house:
        before = house.pid("token")
        house.fails = 2
        os.kill(before, signal.SIGKILL)
        async with asyncio.timeout(20):
            while house.pid("token") == before:
                await asyncio.sleep(0.05)
        await house.until_up()
    assert told[1:3] == ["token can't be started, trying again: no memory"] * 2


async def test_the_keys_of_stores_that_are_there_are_never_made_anew(tmp_path: Path) -> None:
    (tmp_path / "token.sqlite").touch()
    with pytest.raises(NotStarted, match=r"keys\.json is gone"):
        async with Short(tmp_path, port=free_port()):
            pass
    assert not (tmp_path / "keys.json").exists()


async def test_a_key_file_that_holds_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}")
    with pytest.raises(NotStarted, match="is no key file"):
        async with Short(tmp_path, port=free_port()):
            pass


async def test_nats_is_watched_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def until_stuck(_: NatsServer) -> str:
        nonlocal looks
        looks += 1
        if looks > 1:
            await asyncio.Event().wait()
        raise KeyError("data")

    monkeypatch.setattr(NatsServer, "until_stuck", until_stuck)
    told: list[str] = []
    async with Short(tmp_path, port=free_port(), report=told.append), asyncio.timeout(10):
        while looks < 2:
            await asyncio.sleep(0.05)
    assert told == ["nats isn't watched, trying again: KeyError('data')"]


async def test_who_can_not_be_told_anything_is_kept_running(tmp_path: Path) -> None:
    def broken(_: str) -> None:
        raise BrokenPipeError

    async with Short(tmp_path, port=free_port(), report=broken) as house:
        before = house.pid("token")
        os.kill(before, signal.SIGKILL)
        async with asyncio.timeout(20):
            while house.pid("token") == before:
                await asyncio.sleep(0.05)


async def test_who_follows_a_house_finds_it_again_when_it_is_started_anew(tmp_path: Path) -> None:
    async with Short(tmp_path, port=free_port()) as house:
        client = await Client.open(house.url, "ann")
    async with Short(tmp_path), client, asyncio.timeout(20):
        while await client.health("token") is None:
            await asyncio.sleep(0.05)


async def test_a_connection_that_is_closed_for_good_is_noticed(tmp_path: Path) -> None:
    async with bare_nats(tmp_path) as url:
        client = await Client.open(url, "gateway")
        noticed = asyncio.create_task(client.until_closed())
        await asyncio.sleep(1.5)
        assert not noticed.done()
        async with client:
            pass
        await asyncio.wait_for(noticed, 5)
