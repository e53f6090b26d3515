"""Real servers for the flow tests: one house for each module."""

import asyncio
import sys
from asyncio.subprocess import Process
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


class Server:
    """A NATS server without services, that can be started again."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"nats://127.0.0.1:{port}"
        self._place = ("-a", "127.0.0.1", "-p", str(port), "-sd", str(folder / "nats"))
        self.process: Process

    async def start(self) -> None:
        """Start it where it was before."""
        self.process = await asyncio.create_subprocess_exec(
            SERVER, "-js", *self._place, "-l", "/dev/null"
        )

    async def kill(self) -> None:
        """Let it die."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def bare_nats(folder: Path) -> AsyncIterator[str]:
    """A NATS server without services; gives its address."""
    server = Server(folder)
    await server.start()
    try:
        async with await Client.open(server.url, "tester"):
            yield server.url
    finally:
        await server.kill()
