"""A house whose services may be sabotaged, and that may have two instances of some."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.supervisor import Supervisor
from tests.faults.sabotage import SETTING
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
        environment = {"GUESTLIST_DEVELOPMENT": "true", SETTING: how} | dict(settings or {})
        super().__init__(data, port=free_port(), environment=environment)
        self._sabotaged = sabotaged
        self._twice = twice

    def _commands(self) -> dict[str, list[str]]:
        commands = super()._commands()
        for service in self._sabotaged:
            commands[service] = [sys.executable, "-m", "tests.faults.sabotage", service]
        seconds = {f"{service}-2": commands[service] for service in self._twice}
        return commands | seconds
