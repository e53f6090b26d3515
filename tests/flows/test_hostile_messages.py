"""A message that nobody of good will sends stops nothing for all others."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from nats.aio.client import Client as Connection

from services.supervisor import Supervisor
from shared.broker import MAX_PAYLOAD
from shared.client import Client
from shared.errors import ReplyTooLarge
from shared.requests import REPLY_TO
from shared.subjects import COMMANDS
from tests.clients.ports import free_port
from tests.flows import acting
from tests.flows.queueing import none_waits, put

APP = "com.example.hostile"
QUEUE = "que.token.CreateToken.com:example:hostile.ann"
BODY = json.dumps({"app_key": APP}).encode()
HEADERS: dict[str, Mapping[str, str]] = {
    "a status that ends consumers": {"Status": "503"},
    "a status that is no number of messages": {
        "Status": "404",
        "Nats-Pending-Messages": "x",
    },
    "a heartbeat": {"Status": "100"},
    "an inbox with a space": {REPLY_TO: "_INBOX.a%20b"},
    "an inbox without end": {REPLY_TO: f"_INBOX.{'a' * 5000}"},
    "an id as large as headers may be": {"ce-id": "%00" * 20_000},
}
BYTES = {
    "a subject that is no text": b"PUB %s.token.CreateToken.\xff.ann 2\r\n{}\r\n",
    "a status that is no text": b"HPUB %s.token.CreateToken.x.ann 18 18\r\n"
    b"NATS/1.0 503 \xff\r\n\r\n\r\n",
    "headers that are none": b"HPUB %s.token.CreateToken.x.ann 4 4\r\nabcd\r\n",
}


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervisor]:
    """A house whose bus nobody taps: what is sent here isn't in the documents."""
    data: Path = tmp_path_factory.mktemp("house")
    environment = {"GUESTLIST_DEVELOPMENT": "true"}
    async with (
        Supervisor(data, port=free_port(), environment=environment) as running,
        await Client.open(running.url, "tester") as client,
    ):
        await acting.list_app(client, APP)
        yield running


@pytest.fixture
async def pids(house: Supervisor) -> AsyncIterator[None]:
    """In the end the same processes run as before, and all is well."""
    before = {service: house.pid(service) for service in house.services}
    yield
    async with await Client.open(house.url, "tester") as client:
        for service in house.services:
            health = await client.health(service)
            assert health is not None
            assert (health.status, health.why) == ("ready", ())
    assert {service: house.pid(service) for service in house.services} == before


async def decided(wire: Connection, number: int) -> Any:
    """The reply to a good command that comes behind."""
    return await put(wire, QUEUE, BODY, id=f"good-{number}")


@pytest.mark.usefixtures("pids")
@pytest.mark.parametrize("case", HEADERS)
async def test_what_stands_in_the_headers_of_a_durable_command_stops_none_behind_it(
    wire: Connection, case: str
) -> None:
    number = [*HEADERS].index(case)
    given = {"ce-id": f"odd-{number}", **HEADERS[case]}
    await wire.jetstream().publish(QUEUE, BODY, stream=COMMANDS, headers=given)
    assert (await decided(wire, number))["status"] == "accepted"
    await none_waits(wire)


@pytest.mark.usefixtures("pids")
@pytest.mark.parametrize("plane", ["cmd", "que"])
@pytest.mark.parametrize("case", BYTES)
async def test_bytes_that_nobody_can_read_make_no_service_deaf(
    house: Supervisor, wire: Connection, plane: str, case: str
) -> None:
    await sent(house.url, BYTES[case] % plane.encode())
    for service in house.services:
        assert (await wire.request(f"qry.{service}.X.x.ann", b"", timeout=2)).data
    assert (await decided(wire, 100 + [*BYTES].index(case)))["command_id"]
    await none_waits(wire)


@pytest.mark.usefixtures("pids")
async def test_headers_that_fill_a_message_are_not_sent_back(wire: Connection) -> None:
    given = {"x": "y" * (MAX_PAYLOAD - 200)}
    for subject in ("health.token", "cmd.token.CreateToken.com:example:hostile.ann"):
        assert json.loads((await wire.request(subject, BODY, timeout=2, headers=given)).data)
    large = {"ce-id": "z" * (MAX_PAYLOAD - 200)}
    asked = await wire.request("qry.token.X.x.ann", b"", timeout=2, headers=large)
    assert json.loads(asked.data)["code"] == ReplyTooLarge.CODE


async def sent(url: str, message: bytes) -> None:
    """Send some bytes to the server, and wait until it has read them."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    told: dict[str, object] = {"verbose": False, "headers": True}
    if place.username:
        told |= {"user": place.username, "pass": place.password}
    await reader.readline()
    writer.write(b"CONNECT " + json.dumps(told).encode() + b"\r\n" + message + b"PING\r\n")
    while not (line := await reader.readline()).startswith(b"PONG"):
        assert line, "the server closed the connection"
    writer.close()
    await writer.wait_closed()
