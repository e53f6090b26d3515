"""Real servers for the flow tests: one house for each module."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client as Connection

from services.supervisor import Supervisor
from shared.client import Client
from shared.tasks import end
from tests.clients.audit import Audit
from tests.clients.ports import free_port
from tests.flows.tap import TappedSupervisor, heard, judged

SERVER = Path(sys.executable).parent / "nats-server"


FLOWS = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts servers."""
    for item in items:
        if item.path.is_relative_to(FLOWS):
            item.add_marker(pytest.mark.flow)


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervisor]:
    """NATS and the three services."""
    data: Path = tmp_path_factory.mktemp("house")
    environment = {"GUESTLIST_DEVELOPMENT": "true"}
    async with TappedSupervisor(data, port=free_port(), environment=environment) as running:
        yield running
    assert list(judged(heard(data / "log/nats.log"))) == []


@pytest.fixture(scope="module")
async def client(house: Supervisor) -> AsyncIterator[Client]:
    """A client of the house; each call names its actor."""
    async with await Client.open(house.url, "tester") as opened:
        yield opened


@pytest.fixture(scope="module")
async def audit(client: Client) -> AsyncIterator[Audit]:
    """What the audit stream of the house brings."""
    subscriber = Audit(client)
    following = asyncio.create_task(subscriber.follow())
    yield subscriber
    await end(following)


@pytest.fixture(scope="module")
async def wire(house: Supervisor, client: Client) -> AsyncIterator[Connection]:
    """A plain connection; the house is there."""
    del client
    connection = await nats.connect(house.url)
    yield connection
    await connection.close()


@asynccontextmanager
async def bare_nats(folder: Path) -> AsyncIterator[str]:
    """A NATS server without services; gives its address."""
    port = free_port()
    place = ("-a", "127.0.0.1", "-p", str(port), "-sd", str(folder / "nats"))
    server = await asyncio.create_subprocess_exec(SERVER, "-js", *place, "-l", "/dev/null")
    url = f"nats://127.0.0.1:{port}"
    try:
        async with await Client.open(url, "tester"):
            yield url
    finally:
        server.kill()
        await server.wait()
