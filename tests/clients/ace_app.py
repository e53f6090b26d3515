"""An app on atlassian-connect-express, as a process."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

from tests.clients.ports import free_port

SOURCE = Path(__file__).parent / "ace"
"""Its code."""


class Ace:
    """The app: it keeps what it is told in files, so it may be started again."""

    def __init__(self, code: Path, state: Path, keys: str) -> None:
        self.state = state
        self.url = ""
        self._code = code
        self._keys = keys
        self._port = free_port()
        self._process: Process | None = None

    async def start(self) -> None:
        """Run it, and wait until it listens."""
        self.url = f"http://127.0.0.1:{self._port}"
        given = {
            "PORT": str(self._port),
            "AC_LOCAL_BASE_URL": self.url,
            "CONNECT_KEYS_CDN_URL": self._keys,
            "STATE": str(self.state),
            "NODE_ENV": "development",
        }
        with (self.state / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                "node", "app.js", cwd=self._code, env=os.environ | given, stdout=PIPE, stderr=log
            )
        assert self._process.stdout is not None
        while b"up" not in await asyncio.wait_for(self._process.stdout.readline(), 20):
            pass
        self._draining = asyncio.create_task(self._process.stdout.read())

    async def stop(self, by: signal.Signals = signal.SIGKILL) -> None:
        """End it by a signal, at once if not told otherwise."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(by)
            await asyncio.wait_for(self._process.wait(), 20)

    def register_at(self, *hosts: str) -> None:
        """Install itself there once it is started again; the URLs have name and password."""
        file = self._code / "config.json"
        config = json.loads(file.read_text())
        config["development"]["hosts"] = hosts
        file.write_text(json.dumps(config))

    async def until_registered(self) -> None:
        """Wait until it has installed itself everywhere."""
        async with asyncio.timeout(15):
            while not (self.state / "registered").exists():
                await asyncio.sleep(0.05)

    def answer(self, status: int | None) -> None:
        """Answer hooks so, or as the framework does."""
        file = self.state / "answer"
        file.unlink(missing_ok=True)
        if status is not None:
            file.write_text(str(status))

    def change(self, **members: Any) -> None:
        """Serve another descriptor once it is started again."""
        file = self._code / "atlassian-connect.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | members))

    def hooks(self, site_id: str) -> list[dict[str, Any]]:
        """What it believed of what it was told about a site, in order."""
        file = self.state / "hooks.jsonl"
        rows = map(json.loads, file.read_text().splitlines() if file.exists() else ())
        return [row for row in rows if f"//{site_id}." in row["baseUrl"]]

    def known(self, client_key: str) -> dict[str, Any]:
        """What it keeps of a site."""
        kept = json.loads((self.state / "store.json").read_text())
        known: dict[str, Any] = kept[f"{client_key}:clientInfo"]
        return known

    async def until_told(self, site_id: str, *hooks: str) -> list[dict[str, Any]]:
        """What it was told about a site, which has to be that."""
        async with asyncio.timeout(15):
            while len(self.hooks(site_id)) < len(hooks):
                await asyncio.sleep(0.05)
        told = self.hooks(site_id)
        assert [row["eventType"] for row in told] == [*hooks]
        return told
