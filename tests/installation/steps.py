"""The install process with services that answer what a test wants."""

from datetime import timedelta
from typing import Any

from services.installation.commands import Hook
from services.installation.domain import Due, Telling
from services.installation.process import InstallProcess
from services.installation.steps import AnswerHook, UpdateApp
from shared import clock
from shared.messages import Accepted, Command, Envelope, Event, Meta, Reply
from shared.names import Position
from shared.published import Published
from shared.requests import Asked
from shared.testing import NOW
from tests.installation.conftest import KEYS
from tests.installation.examples import APP, SITE, requested
from tests.world import taken

INSTALL: dict[str, Any] = {"site_id": SITE, "app_key": APP, "attempt": 1}
UPDATE = UpdateApp(site_id=SITE, app_key=APP)
HOOKS: dict[Hook, str] = {
    "installed": "/in",
    "enabled": "/on",
    "disabled": "/off",
    "uninstalled": "/out",
}
DONE = Accepted(command_id="x", position="token/tokens/x@1")


def published(event: Event, age: timedelta = timedelta()) -> Published:
    """An event of the site that happened so long ago."""
    meta = Meta(
        actor="ann",
        command_id="c",
        correlation_id="flow",
        causation_id="c",
        time=clock.now() - age,
    )
    position = Position("installation", f"site/{SITE}", 7)
    return Published(event.TOPIC, position, meta, 7, "log", event.model_dump_json().encode())


def telling(
    cause: int = 7, hook: Hook = "installed", attempt: int = 1, *, install: bool = True
) -> Telling:
    """Something that the app is to be told; the event at hand is the 7th of the site."""
    request = requested(attempt, hooks=HOOKS)
    return Telling(Due(cause, hook, request), "jira", "https://a.example.com", "c", install=install)


class Services:
    """The two services that a process asks; `reply` is what the token service says."""

    def __init__(self, reply: Reply | Exception = DONE, decided: Reply = DONE) -> None:
        self.asked: list[tuple[Command, Envelope]] = []
        self.decided: list[tuple[object, Envelope]] = []
        self.ended = False
        """Whether the install has."""
        self.due: list[Telling] = []
        self.told: list[Telling] = []
        self._reply = reply
        self._decided = decided

    async def ask(self, command: Command, envelope: Envelope) -> Reply:
        """The token service."""
        self.asked.append((command, envelope))
        if isinstance(self._reply, Exception):
            raise self._reply
        return self._reply

    async def decide(self, asked: Asked) -> Reply:
        """The own service."""
        self.decided.append((asked.request, asked.envelope))
        return self._decided

    async def under_way(self, site_id: str, app_key: str, attempt: int) -> bool:
        """Whether the install hasn't ended."""
        del site_id, app_key, attempt
        return not self.ended

    async def tellings(self, site_id: str) -> list[Telling]:
        """What apps on the site are to be told."""
        del site_id
        return self.due

    async def tell(self, telling: Telling) -> AnswerHook:
        """An app that takes whatever it is told."""
        self.told.append(telling)
        return taken(telling, sent_at=NOW)

    async def step(self, event: Event, age: timedelta = timedelta()) -> list[object]:
        """The commands to which an event leads."""
        await self._process.step(published(event, age))
        return [command for command, _ in self.decided]

    async def give_up(self, event: Event) -> list[object]:
        """The commands to which it leads that the step for an event is never done."""
        await self._process.give_up(published(event))
        return [command for command, _ in self.decided]

    @property
    def _process(self) -> InstallProcess:
        return InstallProcess(KEYS, self.ask, self.decide, self.under_way, self.tellings, self.tell)
