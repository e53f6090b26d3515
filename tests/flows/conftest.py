"""Real servers for the flow tests: one house for each module."""

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.supervisor import Supervisor
from shared.client import Client
from tests.clients.sample_app import sample_app


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts servers."""
    for item in items:
        if "tests/flows/" in str(item.path):
            item.add_marker(pytest.mark.flow)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervisor]:
    """NATS and the three services."""
    data: Path = tmp_path_factory.mktemp("house")
    environment = {"GUESTLIST_DEVELOPMENT": "true"}
    async with Supervisor(data, port=free_port(), environment=environment) as running:
        yield running


@pytest.fixture(scope="module")
async def client(house: Supervisor) -> AsyncIterator[Client]:
    """A client of the house; each call names its actor."""
    async with await Client.open(house.url, "tester") as opened:
        yield opened


@pytest.fixture(scope="module")
def descriptor_url() -> Iterator[str]:
    """Where the sample app's descriptor is.."""
    with sample_app() as url:
        yield url
