"""Reading the audit as a user does."""

import asyncio
import json
from typing import Any

from services.listing.commands import RegisterPartner
from services.supervisor import Supervisor
from shared.client import Client
from tests.clients.command import Ended, guestlist, read_line
from tests.flows.acting import ANN, accepted


def given(house: Supervisor) -> dict[str, str]:
    """The settings of each call."""
    return {"GUESTLIST_DATA": str(house.data)}


async def audit(house: Supervisor, *options: str) -> Ended:
    """Read the audit."""
    return await guestlist("audit", *options, settings=given(house))


async def told(house: Supervisor, *options: str) -> list[str]:
    """The ids of the events that are read."""
    ended = await audit(house, *options, "-o", "jsonl")
    assert (ended.code, ended.err) == (0, "")
    return [json.loads(line)["id"] for line in ended.out.splitlines()]


async def documents(house: Supervisor, *options: str) -> list[dict[str, Any]]:
    """What is read, as data."""
    ended = await audit(house, *options, "--json")
    assert (ended.code, ended.err) == (0, "")
    read: list[dict[str, Any]] = json.loads(ended.out)
    return read


async def register(client: Client, *names: str) -> None:
    """Make something happen in the listing service."""
    for name in names:
        await accepted(client, ANN, RegisterPartner(partner_id=name, organisation=name))


async def until_told(house: Supervisor, position: str) -> None:
    while position not in await told(house):
        await asyncio.sleep(0.05)


async def printed_event(printed: asyncio.StreamReader | None) -> str:
    """The id of the next event that was printed."""
    id_: str = json.loads(await read_line(printed))["id"]
    return id_
