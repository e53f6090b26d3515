"""`guestlist up`: NATS and the services as child processes of this one, kept running."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from services.address import Address
from services.contract import GATEWAY, SERVICES
from services.folder import KeysGone, kept, make_keys
from services.nats_server import USER, NatsServer
from services.ports import NotStarted
from shared.client import Client, NoReply
from shared.settings import Settings
from shared.tasks import end

_START = 20.0
"""Seconds that everything has to start."""
_STOP = 10.0
"""Seconds that a child has to end by itself."""
_RESTART = 0.5
"""Seconds until a child that died is started again."""


class Supervisor:
    """Everything that belongs to one data folder. Use it as `async with`.

    When this process dies, however it dies, its children end too.
    """

    services: Sequence[str] = SERVICES
    gateway = True
    """Whether HTTP is served too."""

    def __init__(
        self,
        data: Path,
        *,
        port: int | None = None,
        http_port: int | None = None,
        environment: Mapping[str, str] | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.data = data.resolve()
        self._port = port
        self._http_port = http_port
        self._environment = dict(environment or {})
        self._tell = report
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._watching: asyncio.Task[None] | None = None
        self._kept = contextlib.ExitStack()
        self.url = ""
        self.http = ""
        """Where HTTP is served."""

    async def __aenter__(self) -> Self:
        self._kept.enter_context(kept(self.data))
        try:
            (self.data / "log").mkdir(exist_ok=True)
            self._configure()
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    def pid(self, name: str) -> int:
        """The process id of a child now."""
        return self._children[name].pid

    async def until_told_to_stop(self) -> None:
        """Wait for SIGINT or SIGTERM."""
        told = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        await told.wait()

    async def until_up(self) -> None:
        """Wait until every service answers; raises NotStarted."""
        try:
            async with asyncio.timeout(_START):
                await self._until_answered()
        except TimeoutError:
            raise NotStarted(f"not everything started, see {self.data / 'log'}") from None

    async def _until_answered(self) -> None:
        while True:
            with contextlib.suppress(NoReply):
                async with await Client.open(self.url, USER) as client:
                    for service in self.services:
                        while await client.health(service) is None:
                            await asyncio.sleep(0.05)
                if self.gateway:
                    await _until_listening(self.http)
                return
            await asyncio.sleep(0.05)

    def _configure(self) -> None:
        try:
            make_keys(Settings(data=self.data).keys, self.data)
        except (KeysGone, ValueError) as error:
            raise NotStarted(str(error)) from None
        self._nats = NatsServer(self.data, self._port)
        self.url = self._nats.url
        if self.gateway:
            address = Address.of(self.data, self._http_port)
            self.http = address.local
            self._environment = address.environment | self._environment

    async def _start(self) -> None:
        for name, command in self._commands().items():
            await self._spawn(name, command)
            self._keepers[name] = asyncio.create_task(self._keep(name, command))
        await self.until_up()
        self._watching = asyncio.create_task(self._watch())

    def _commands(self) -> dict[str, list[str]]:
        """What runs, by the name of the child."""
        names = (*self.services, GATEWAY) if self.gateway else self.services
        services = {name: [sys.executable, "-m", f"services.{name}.app"] for name in names}
        return {"nats": self._nats.command} | services

    async def _spawn(self, name: str, command: list[str]) -> None:
        with (self.data / "log" / f"{name}.log").open("ab") as log:
            self._children[name] = await asyncio.create_subprocess_exec(
                *command,
                env=os.environ
                | {"GUESTLIST_NATS": self.url, "GUESTLIST_DATA": str(self.data)}
                | self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    async def _keep(self, name: str, command: list[str]) -> None:
        while True:
            code = await self._children[name].wait()
            self._report(f"{name} ended with {code}, starting it again")
            await self._spawn_again(name, command)

    async def _spawn_again(self, name: str, command: list[str]) -> None:
        """Start it, however often that has to be tried: the machine may be short of something."""
        while True:
            await asyncio.sleep(_RESTART)
            try:
                return await self._spawn(name, command)
            except (OSError, subprocess.SubprocessError) as error:
                self._report(f"{name} can't be started, trying again: {error}")

    def _report(self, text: str) -> None:
        """Tell something; where that can't be told what is kept running is kept running."""
        with contextlib.suppress(OSError):
            self._tell(text)

    async def _watch(self) -> None:
        """End a NATS that can't store any more once it could again: its keeper starts it anew."""
        while True:
            try:
                self._report(f"nats is to be started again: {await self._nats.until_stuck()}")
                await self._nats.until_room()
                await _end(self._children["nats"])
            except Exception as error:
                self._report(f"nats isn't watched, trying again: {error!r}")
                await asyncio.sleep(_RESTART)

    async def _stop(self) -> None:
        watching = [] if self._watching is None else [self._watching]
        await end(*watching, *self._keepers.values())  # before that which they watch
        for name in reversed(self._children):  # NATS began first and ends last
            await _end(self._children[name])
        self._kept.close()


def stop_when_told() -> None:
    """Until a supervisor is up, let SIGTERM end the task that starts it, and so its children."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _until_listening(url: str) -> None:
    place = urlsplit(url)
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(place.hostname, place.port)
            writer.close()
            return
        await asyncio.sleep(0.05)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
    try:
        await asyncio.wait_for(child.wait(), _STOP)
    except TimeoutError:
        child.kill()
        await child.wait()


def _die_with_parent() -> None:
    """In a new child: have the kernel end it when its parent dies. Linux only."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)
