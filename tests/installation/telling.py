"""An app of type jwt, and what it is to be told on a site."""

from collections.abc import Sequence
from typing import Any

from services.installation.commands import Hook
from services.installation.domain import Site, Telling
from services.installation.events import (
    AppDisabled,
    AppUninstalled,
    HookAnswered,
)
from services.installation.steps import AnswerHook
from shared.messages import Event
from shared.testing import NOW, Scenario
from tests.installation.examples import (
    APP,
    BASE_URL,
    INSTALLATION,
    INSTALLED,
    SITE,
    requested,
    version_seen,
)

HOOKS: dict[Hook, str] = {hook: f"/{hook}" for hook in ("installed", "enabled", "uninstalled")}
HOOKS["disabled"] = "/off"
JWT: dict[str, Any] = {"authentication": "jwt", "hooks": HOOKS, "secret": "1.k1"}
DESCRIPTOR = {"key": APP, "baseUrl": BASE_URL, "lifecycle": HOOKS | {"unknown": "/x"}}
SEEN = version_seen(authentication="jwt", descriptor=DESCRIPTOR)
BEGUN = requested(**JWT)
UPGRADE = requested(2, build=2, version="1.0.1", **JWT)
LEFT = AppUninstalled(site_id=SITE, app_key=APP, installation_id=INSTALLATION)
DISABLED = AppDisabled(site_id=SITE, app_key=APP)
ON_SITE: dict[str, Any] = {"site_id": SITE, "app_key": APP}


def answer(hook: Hook = "installed", cause: int = 3, **fields: Any) -> AnswerHook:
    """An app was told something; the site's first two events come before the install."""
    told: dict[str, Any] = {"outcome": "taken", "status": 204, "url": BASE_URL + HOOKS[hook]}
    told |= {"sent_at": NOW, "milliseconds": 5}
    return AnswerHook(**ON_SITE, hook=hook, cause=cause, **told | fields)


def answered(hook: Hook = "installed", cause: int = 3, **fields: Any) -> HookAnswered:
    """The event that it leads to."""
    told = answer(hook, cause, **fields).model_dump()
    return HookAnswered(**told, installation_id=INSTALLATION)


def live(*events: Event) -> tuple[Event, ...]:
    """The app was installed and told so, and then this happened."""
    return (BEGUN, answered(), INSTALLED, answered("enabled", 5), *events)


def due(scenario: Scenario) -> list[tuple[Hook, int]]:
    """What the app is to be told."""
    return [(row.due.hook, row.due.cause) for row in tellings(scenario)]


def tellings(scenario: Scenario) -> Sequence[Telling]:
    """The same with what it is told."""
    return scenario.store.load(Site, SITE).tellings()
