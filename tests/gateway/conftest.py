"""A house that serves HTTP."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from services.supervisor import Supervisor
from tests.clients.ports import free_port
from tests.flows.conftest import audit, client
from tests.flows.tap import TappedSupervisor, heard, judged

__all__ = ["audit", "client", "house", "http"]


class HttpHouse(TappedSupervisor):
    """As `guestlist up`."""

    gateway = True


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervisor]:
    """NATS, the services and the gateway."""
    data, environment = tmp_path_factory.mktemp("house"), {"GUESTLIST_DEVELOPMENT": "true"}
    async with HttpHouse(
        data, port=free_port(), http_port=free_port(), environment=environment
    ) as running:
        yield running
    assert list(judged(heard(data / "log/nats.log"))) == []


@pytest.fixture(scope="module")
async def http(house: Supervisor) -> AsyncIterator[httpx2.AsyncClient]:
    """Asks over HTTP."""
    async with httpx2.AsyncClient(base_url=house.http, timeout=10) as opened:
        yield opened
