"""A house whose services may be sabotaged, and that may have two instances of some."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from services.contract import SERVICES
from services.supervisor import Supervisor
from shared.health import Health
from tests.clients.ports import free_port


class FaultyHouse(Supervisor):
    """As `guestlist up`, but for what is done to its services, and without HTTP."""

    gateway = False

    def __init__(
        self,
        data: Path,
        how: Mapping[str, str] | None = None,
        *,
        twice: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        environment = {"GUESTLIST_DEVELOPMENT": "true"} | dict(settings or {})
        self.ended: list[str] = []
        """Children that ended by themselves, and how."""
        super().__init__(data, port=free_port(), environment=environment, report=self._hear)
        self._twice = twice
        self.data.mkdir(parents=True, exist_ok=True)
        for service, way in (how or {}).items():
            self._file(service).write_text(way)

    async def sabotage(self, service: str, how: str) -> None:
        """From now on all instances of a service run so."""
        self._file(service).write_text(how)
        for name in self._children:
            if name.removesuffix("-2") == service:
                os.kill(self.pid(name), signal.SIGKILL)

    @asynccontextmanager
    async def away(self, name: str) -> AsyncIterator[None]:
        """Meanwhile a child is dead and isn't started again."""
        self._keepers[name].cancel()
        child = self._children[name]
        child.kill()
        await child.wait()
        try:
            yield
        finally:
            command = self._commands()[name]
            await self._spawn(name, command)
            self._keepers[name] = asyncio.create_task(self._keep(name, command))

    def health(self, service: str) -> Health:
        """How a service says it is, in its file."""
        return Health.model_validate_json((self.data / f"{service}.health.json").read_text())

    def _commands(self) -> dict[str, list[str]]:
        commands = super()._commands()
        for service in SERVICES:
            words = ["-m", "tests.faults.sabotage", service, str(self._file(service))]
            commands[service] = [sys.executable, *words]
        return commands | {f"{service}-2": commands[service] for service in self._twice}

    def _hear(self, told: str) -> None:
        if f"ended with {-signal.SIGKILL}," not in told:
            self.ended.append(told)

    def _file(self, service: str) -> Path:
        return self.data / f"{service}.sabotage"
