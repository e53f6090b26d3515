"""What docker-compose.yml starts works together: the same commands and settings as processes."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from services.accounts import Accounts
from services.contract import SERVICES
from services.token.commands import CreateToken
from shared.client import Client, NoReply
from tests.clients.ports import free_port
from tests.flows import acting

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CHOSEN = {"GUESTLIST_NATS_PASSWORD": "12e5", "GUESTLIST_OPERATORS": '["operator"]'}
"""A password that looks like a number, and who may register sites."""
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::[-?](?P<default>[^}]*))?\}")


class Container:
    """A service of the file, as a process whose folders and ports are its own."""

    def __init__(
        self, name: str, wanted: Mapping[str, Any], folder: Path, port: int, http_port: int
    ) -> None:
        self.name = name
        self._wanted = wanted
        self._http_port = http_port
        self._places = {
            "nats:4222": f"127.0.0.1:{port}",
            "0.0.0.0": "127.0.0.1",
            "/etc/guestlist/nats.conf": str(folder / "nats.conf"),
        }
        for volume in wanted.get("volumes", ()):
            source, target, *_ = volume.split(":")
            (folder / source).mkdir(exist_ok=True)
            self._places[target] = str(folder / source)

    async def start(self) -> asyncio.subprocess.Process:
        """Run what the container would run."""
        entrypoint = self._wanted.get("entrypoint", ["guestlist"])
        program, *rest = map(self._here, [*entrypoint, *self._wanted.get("command", ())])
        environment = {
            name: self._here(VARIABLE.sub(_chosen, value))
            for name, value in self._wanted.get("environment", {}).items()
        }
        inherited = {
            "PATH": os.environ["PATH"],
            "GUESTLIST_DEVELOPMENT": "true",
            "GUESTLIST_HTTP_PORT": str(self._http_port),
        }
        return await asyncio.create_subprocess_exec(
            BIN / program, *rest, env=inherited | environment, cwd=ROOT
        )

    def _here(self, text: str) -> str:
        there = "|".join(map(re.escape, self._places))
        return re.sub(rf"(?<!\w)({there})(?![\w-])", lambda found: self._places[found[0]], text)


@asynccontextmanager
async def composed(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """All that the file starts; gives the addresses of NATS and the gateway."""
    wanted: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    port, http_port = free_port(), free_port()
    config = (ROOT / "deploy/nats.conf").read_text()
    config = config.replace('"0.0.0.0:4222"', f'"127.0.0.1:{port}"')
    (folder / "nats.conf").write_text(config.replace('"/data"', f'"{folder / "nats"}"'))
    containers = [Container(name, row, folder, port, http_port) for name, row in wanted.items()]
    running = []
    try:
        for container in containers:
            process = await container.start()
            if container.name == "keys":
                assert await process.wait() == 0
            else:
                running.append(process)
        url = f"nats://guestlist:{CHOSEN['GUESTLIST_NATS_PASSWORD']}@127.0.0.1:{port}"
        yield url, f"http://127.0.0.1:{http_port}"
    finally:
        for process in reversed(running):
            process.terminate()
            await process.wait()


async def healthy(url: str) -> Client:
    """A client once every service answers."""
    async with asyncio.timeout(20):
        while True:
            try:
                client = await Client.open(url, "ann")
            except NoReply:
                await asyncio.sleep(0.1)
                continue
            for service in SERVICES:
                while await client.health(service) is None:
                    await asyncio.sleep(0.1)
            return client


async def first_answer(asking: httpx2.AsyncClient, path: str) -> httpx2.Response:
    """The answer of a gateway that may still be starting."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await asking.get(path)
            except httpx2.ConnectError:
                await asyncio.sleep(0.1)


@pytest.mark.extra
async def test_the_composed_services_make_a_token(tmp_path: Path) -> None:
    async with composed(tmp_path) as (url, http), await healthy(url) as client:
        await acting.list_app(client, "com.example.composed")
        await acting.make_site(client, "composed")
        await acting.accepted(client, "ann", CreateToken(app_key="com.example.composed"))
        bob = acting.BOB, Accounts(tmp_path / "gateway").add(acting.BOB)
        async with httpx2.AsyncClient(base_url=http) as asking:
            assert (await first_answer(asking, "/health")).json()["ready"] is True
            plugins = await asking.get("/site/composed/rest/plugins/1.0/", auth=bob)
            assert plugins.json() == {"plugins": []}


def _chosen(variable: re.Match[str]) -> str:
    return CHOSEN.get(variable["name"], variable["default"] or "")
