"""What is counted of the streams is told once it is whole, and only then."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import nats
import pytest
from nats.aio.client import Client as Connection

from services.accounts import Accounts
from services.gateway.app import made
from services.gateway.counting import Counting
from services.gateway.door import Door
from shared.client import Client
from shared.streams import make_streams
from shared.subjects import EVENTS, REFUSALS
from shared.tasks import end
from tests.flows.acting import OPERATOR
from tests.flows.conftest import bare_nats
from tests.gateway.scraping import refusals, scraped, told

pytestmark = pytest.mark.flow
REFUSED = b'{"command": "X", "code": "no"}'


@pytest.fixture
async def bare(tmp_path: Path) -> AsyncIterator[str]:
    """A NATS server to which no service listens."""
    async with bare_nats(tmp_path) as url:
        yield url


@pytest.fixture
async def wire(bare: str) -> AsyncIterator[Connection]:
    """A plain connection; the streams are there."""
    connection = await nats.connect(bare)
    await make_streams(connection.jetstream())
    yield connection
    await connection.close()


@asynccontextmanager
async def asking(client: Client, data: Path) -> AsyncIterator[tuple[Counting, httpx2.AsyncClient]]:
    """A gateway that counts nothing yet, and how an operator asks it."""
    app = made()
    app.state.door, app.state.operators = Door(Accounts(data)), (OPERATOR,)
    app.state.counting = counting = Counting(client, patience=0.5)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app),
        base_url="http://x",
        auth=(OPERATOR, Accounts(data).add(OPERATOR)),
    ) as http:
        yield counting, http


@asynccontextmanager
async def counting(client: Client, data: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A gateway that counts, and how an operator asks it."""
    async with asking(client, data) as (counts, http):
        running = asyncio.create_task(counts.run())
        yield http
        await end(running)


async def test_nothing_is_told_before_it_is_counted(
    bare: str, wire: Connection, tmp_path: Path
) -> None:
    del wire
    async with (
        await Client.open(bare, "guestlist") as client,
        asking(client, tmp_path) as (counts, http),
    ):
        answer = await http.get("/metrics")
        assert (answer.status_code, answer.json()["code"]) == (503, "not-yet")
        running = asyncio.create_task(counts.run())
        assert await scraped(http)
        await end(running)


async def test_nothing_is_told_without_streams(
    bare: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        await Client.open(bare, "guestlist") as client,
        counting(client, tmp_path) as http,
    ):
        answer = await http.get("/metrics")
        assert (answer.status_code, answer.json()["code"]) == (503, "no-reply")
    assert "thrown away" not in caplog.text


async def test_what_is_none_of_ours_is_passed_over(
    bare: str, wire: Connection, tmp_path: Path
) -> None:
    for body in (REFUSED, b"{}", b"\xff"):
        await wire.jetstream().publish("ref.token.X.x.ann", body)
    await wire.jetstream().publish("evt.installation.HookAnswered.x", b"{}")
    async with (
        await Client.open(bare, "guestlist") as client,
        counting(client, tmp_path) as http,
    ):
        samples = await scraped(http)
    assert refusals(samples) == {("X", "no"): 1}
    assert told(samples, "guestlist_audit_position", "stream") == {(REFUSALS,): 3, (EVENTS,): 1}


async def test_a_long_name_is_cut(bare: str, wire: Connection, tmp_path: Path) -> None:
    body = REFUSED.replace(b"X", b"X" * 100).replace(b"no", b"n" * 100)
    await wire.jetstream().publish("ref.token.X.x.ann", body)
    async with (
        await Client.open(bare, "guestlist") as client,
        counting(client, tmp_path) as http,
    ):
        assert refusals(await scraped(http)) == {("X" * 64, "n" * 64): 1}


async def test_a_stream_that_is_filled_anew_is_counted_anew(
    bare: str, wire: Connection, tmp_path: Path
) -> None:
    stream = wire.jetstream()
    async with (
        await Client.open(bare, "guestlist") as client,
        counting(client, tmp_path) as http,
    ):
        for count in (3, 1, 5):
            for _ in range(count):
                await stream.publish("ref.token.X.x.ann", REFUSED)
            async with asyncio.timeout(10):
                while (await http.get("/metrics")).status_code != 200:
                    await asyncio.sleep(0.05)
            assert refusals(await scraped(http)) == {("X", "no"): count}
            await stream.delete_stream(REFUSALS)
            await make_streams(stream)


class Stumbling(Client):
    """Fails once, when a stream is read for the second time; then it waits to be told to go on."""

    reads = 0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.going_on = asyncio.Event()

    def placed(self, *what: Any, **how: Any) -> Any:
        """As a client does, else."""
        self.reads += 1
        if self.reads == 2:
            raise RuntimeError("stumbled")
        rows = super().placed(*what, **how)
        return rows if self.reads == 1 else self._held(rows)

    async def _held(self, rows: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
        await self.going_on.wait()
        async with aclosing(rows) as placed:
            async for row in placed:
                yield row


async def test_after_an_unexpected_failure_all_is_counted_anew(
    bare: str, wire: Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await wire.jetstream().publish("ref.token.X.x.ann", REFUSED)
    async with (
        await Stumbling.open(bare, "guestlist") as client,
        counting(client, tmp_path) as http,
    ):
        answer = await http.get("/metrics")
        assert (answer.status_code, answer.json()["code"]) == (503, "not-yet")
        client.going_on.set()
        async with asyncio.timeout(10):
            while (await http.get("/metrics")).status_code != 200:
                await asyncio.sleep(0.05)
        assert refusals(await scraped(http)) == {("X", "no"): 1}
    assert (client.reads, "stumbled" in caplog.text) == (4, True)
