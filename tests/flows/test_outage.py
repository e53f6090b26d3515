"""A service waits for a NATS that is away, says so once, and can be told to stop meanwhile."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.client import Client
from shared.keys import Keys
from tests.clients.ports import free_port

SEVERAL_TRIES = 1.5
"""Seconds in which a service tries to connect about three times."""
BIN = Path(sys.executable).parent


@asynccontextmanager
async def running(
    *command: str | Path, **settings: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program, killed at the end if it still runs; what it logs goes to a pipe."""
    program = await asyncio.create_subprocess_exec(*command, env=os.environ | settings, stderr=PIPE)
    try:
        yield program
    finally:
        if program.returncode is None:
            program.kill()
        await program.communicate()


async def logged(program: Process, text: str) -> None:
    """Wait until a line with that text is logged."""
    assert program.stderr is not None
    async with asyncio.timeout(10):
        while text not in (await program.stderr.readline()).decode():
            pass


async def test_a_service_without_nats_says_so_once_and_stops_quietly(tmp_path: Path) -> None:
    Keys.make(tmp_path / "keys.json")
    port = free_port()
    nats = (BIN / "nats-server", "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", tmp_path / "n")
    settings = {"GUESTLIST_NATS": f"nats://127.0.0.1:{port}", "GUESTLIST_DATA": str(tmp_path)}
    async with running(BIN / "guestlist", "service", "token", **settings) as service:
        await logged(service, "ConnectionRefusedError")
        async with (
            running(*nats),
            await Client.open(settings["GUESTLIST_NATS"], "ann") as client,
        ):
            while await client.health("token") is None:
                await asyncio.sleep(0.05)
        await logged(service, "ConnectionRefusedError")
        await asyncio.sleep(SEVERAL_TRIES)
        service.send_signal(signal.SIGTERM)
        assert service.stderr is not None
        rest = (await service.stderr.read()).decode()
        # The other connection may notice later, and by another error than the first.
        again = [line for line in rest.splitlines() if "ConnectionResetError" not in line]
        assert (await service.wait(), again) == (0, [])
