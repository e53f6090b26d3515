"""A copy of a house's folder is that house, also without what NATS had."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.supervisor import Supervisor
from services.token.commands import CreateToken
from shared.client import Client
from shared.messages import Accepted
from shared.published import Published
from tests.clients.command import guestlist
from tests.clients.ports import free_port
from tests.flows import acting
from tests.flows.acting import ANN

APP = "com.example.kept"
ASKED = CreateToken(app_key=APP)


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[tuple[Supervisor, Client]]:
    """The house of a folder."""
    environment = {"GUESTLIST_DEVELOPMENT": "true"}
    async with (
        Supervisor(data, port=free_port(), environment=environment) as house,
        await Client.open(house.url, ANN) as client,
    ):
        yield house, client


async def told(house: Supervisor, client: Client) -> list[Published]:
    """What the audit stream has in the end; each service fills it by itself."""
    await acting.quiet(house)
    events = [event async for event in client.events(follow=False)]
    return sorted(events, key=lambda event: event.position)


@pytest.mark.extra
@pytest.mark.parametrize("lost", [None, "nats"])
async def test_a_restored_folder_is_the_house_that_it_was(tmp_path: Path, lost: str | None) -> None:
    house, backup = tmp_path / "house", tmp_path / "backup"
    async with running(house) as (up, client):
        await acting.list_app(client, APP)
        first = await client.send(ASKED, command_id="first")
        before = await told(up, client)
    shutil.copytree(house, backup)
    async with running(house) as (_, client):
        await client.send(ASKED, command_id="after-the-backup")
    shutil.rmtree(house)
    backup.rename(house)
    if lost is not None:
        shutil.rmtree(house / lost)
    async with running(house) as (up, client):
        assert await told(up, client) == before
        again = await client.send(ASKED, command_id="first")
        assert isinstance(first, Accepted)
        assert again == first.model_copy(update={"repeated": True})
        second = await client.send(ASKED, command_id="second")
        assert isinstance(second, Accepted)
        assert second.result["token_id"] == 2
        verified = await guestlist("verify", "--data", house)
    assert (verified.code, verified.err) == (0, "")
