"""A site, an app, and what happened to them, for the tests of the installation service."""

from typing import Any

from services.installation.commands import LicenceState
from services.installation.domain import App, Site
from services.installation.events import (
    AppInstalled,
    AppSeen,
    AppUpdated,
    AppVersionSeen,
    InstallRequested,
    LicenceChanged,
    PrivateListingsEnabled,
    SiteRegistered,
    TokenAttached,
    TokenCleared,
    TokenRemovalSeen,
)
from shared.links import Link
from shared.messages import Event
from shared.testing import Scenario
from tests.installation.conftest import KEYS, MARKETPLACE

APP, SITE, ANN, EVE = "com.example.app", "site-a", "ann", "eve"
URL = "https://app.example.com/atlassian-connect.json"
BASE_URL = "https://app.example.com"
DESCRIPTOR = {"key": APP, "baseUrl": BASE_URL}
INSTALLATION = f"{SITE}/{APP}/1"
REGISTERED = SiteRegistered(
    site_id=SITE, base_url="https://a.example.com", product="jira", admin=ANN, cloud_id="cloud"
)
ENABLED = PrivateListingsEnabled(site_id=SITE)
CLEARED = TokenCleared(site_id=SITE, app_key=APP, token_id=1)
REMOVED = TokenRemovalSeen(site_id=SITE, app_key=APP, token_id=1)
INSTALLED = AppInstalled(
    site_id=SITE, app_key=APP, installation_id=INSTALLATION, build=1, version="1.0.0"
)


def attached(token_id: int, attempt: int | None = None) -> TokenAttached:
    """The app runs on a token, or that install brings it."""
    known = {"site_id": SITE, "app_key": APP, "token_id": token_id, "attempt": attempt}
    return TokenAttached(**known, brought=attempt is not None)


def licence(state: LicenceState) -> LicenceChanged:
    """The licence stands at another state."""
    return LicenceChanged(site_id=SITE, app_key=APP, state=state)


def app_seen(**fields: Any) -> AppSeen:
    """What the listing says."""
    told: dict[str, Any] = {"name": "Roadmap", "status": "private", "descriptor_url": URL}
    return AppSeen(app_key=APP, **told | fields)


def version_seen(build: int = 1, number: str = "1.0.0", **fields: Any) -> AppVersionSeen:
    """A version that can be installed."""
    told: dict[str, Any] = {
        "change": "micro",
        "visibility": "private",
        "paid": True,
        "authentication": "none",
        "descriptor": DESCRIPTOR,
    }
    return AppVersionSeen(app_key=APP, build=build, version=number, **told | fields)


ATTACHED = attached(1, attempt=1)
SECOND = version_seen(2, "1.0.1")
PUBLIC = (app_seen(status="public"), version_seen(visibility="public"))
"""A public app with a public version."""


def updated(number: str = "1.0.1", build: int = 2) -> AppUpdated:
    """The app has another version."""
    fields = INSTALLED.model_dump() | {"version": number, "build": build}
    return AppUpdated(**fields, from_version="1.0.0")


def requested(attempt: int = 1, **fields: Any) -> InstallRequested:
    """An install has begun."""
    told: dict[str, Any] = {
        "installation_id": INSTALLATION,
        "build": 1,
        "version": "1.0.0",
        "authentication": "none",
        "paid": True,
        "private": True,
        "key": APP,
        "base_url": BASE_URL,
    }
    return InstallRequested(site_id=SITE, app_key=APP, attempt=attempt, **told | fields)


LIC = {
    LicenceState.NONE: "none",
    LicenceState.ACTIVE_TRIAL: "active",
    LicenceState.INACTIVE_TRIAL: "none",
    LicenceState.ACTIVE_SUBSCRIPTION: "active",
    LicenceState.ACTIVE_SUBSCRIPTION_CANCELLED: "active",
    LicenceState.INACTIVE_SUBSCRIPTION: "none",
}
"""What the app is told in each state."""
LICENSED = (
    requested(token_id=1),
    ATTACHED,
    INSTALLED,
    licence(LicenceState.ACTIVE_SUBSCRIPTION),
)
"""What happens when the paid app is installed with its first token."""
UNLICENSED = (requested(), INSTALLED)
"""The same without a token."""


def link(build: int = 1, token_id: int | None = None, app_key: str = APP) -> str:
    """A link of this marketplace."""
    token = None if token_id is None else KEYS.token(app_key, token_id)
    return Link(app_key, build, token).url(MARKETPLACE)


def on_site(scenario: Scenario, *events: Event, app: tuple[Event, ...] = ()) -> Scenario:
    """A site that takes private apps, a private app, and what happened on the site."""
    scenario.given(App, APP, *(app or (app_seen(), version_seen())))
    return scenario.given(Site, SITE, REGISTERED, ENABLED, *events)
