"""A house whose services may be sabotaged, and that may have two instances of some."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.contract import SERVICES
from services.supervisor import Supervisor
from tests.flows.conftest import free_port


class FaultyHouse(Supervisor):
    """As `guestlist up`, but for what is done to its services."""

    def __init__(
        self,
        data: Path,
        *,
        sabotaged: Sequence[str] = (),
        how: str = "",
        twice: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        environment = {"GUESTLIST_DEVELOPMENT": "true"} | dict(settings or {})
        self.ended: list[str] = []
        """Children that ended by themselves, and how."""
        super().__init__(data, port=free_port(), environment=environment, report=self._hear)
        self._twice = twice
        self.data.mkdir(parents=True, exist_ok=True)
        for service in sabotaged:
            self._file(service).write_text(how)

    async def sabotage(self, service: str, how: str) -> None:
        """From now on all instances of a service run so."""
        self._file(service).write_text(how)
        for name in self._children:
            if name.removesuffix("-2") == service:
                os.kill(self.pid(name), signal.SIGKILL)

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
