"""Where it is measured: a house with some services, or a peer, on servers set up alike."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from services.supervisor import Supervisor


def _nothing(_: Path) -> None:
    """A house that begins empty."""


@asynccontextmanager
async def house(
    services: Sequence[str] = Supervisor.services, *, before: Callable[[Path], None] = _nothing
) -> AsyncIterator[Supervisor]:
    """NATS and some services; `before` they start something may be put into their folder."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "house"
        data.mkdir()
        before(data)
        supervisor = Supervisor(data)
        supervisor.services = services
        async with supervisor:
            yield supervisor


class Peer(NamedTuple):
    """Where a peer is, and the processes that it takes."""

    url: str
    pids: dict[str, int]


@asynccontextmanager
async def peer(kind: str) -> AsyncIterator[Peer]:
    """A peer on a server of its own."""
    async with house(services=()) as empty, running("tests.bench.peers", kind, empty.url) as pid:
        yield Peer(empty.url, {"nats": empty.pid("nats"), "service": pid})


@asynccontextmanager
async def running(module: str, *args: str) -> AsyncIterator[int]:
    """A module as a process of its own, from when it said that it is ready; gives its id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *args, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        yield process.pid
    finally:
        process.kill()
        await process.wait()
