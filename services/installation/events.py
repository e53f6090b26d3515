"""What can have happened in the installation service."""

from typing import Literal

from pydantic import JsonValue

from services.installation.commands import LicenceState, Product
from shared.messages import Event


class SiteRegistered(
    Event, topic="installation.SiteRegistered", line="{product} site {site_id} registered"
):
    """A site can install apps."""

    site_id: str
    base_url: str
    product: Product
    admin: str
    cloud_id: str


class PrivateListingsEnabled(
    Event,
    topic="installation.PrivateListingsEnabled",
    line="private listings enabled on {site_id}",
):
    """The site takes private apps and tokens."""

    site_id: str


class InstallRequested(
    Event,
    topic="installation.InstallRequested",
    line="installing {app_key} {version} on {site_id}",
):
    """An installation, or an update of a live one, has begun.

    `attempt` counts the requests for this app on this site.
    """

    site_id: str
    app_key: str
    installation_id: str
    attempt: int
    build: int
    version: str
    authentication: Literal["jwt", "none"]
    token_id: int | None = None


class TokenAttached(
    Event,
    topic="installation.TokenAttached",
    line="token {token_id} attached to {app_key} on {site_id}",
):
    """The app on this site runs on that token; `attempt` names the install that brought it."""

    site_id: str
    app_key: str
    token_id: int
    attempt: int | None = None


class TokenCleared(
    Event,
    topic="installation.TokenCleared",
    line="token {token_id} cleared from {app_key} on {site_id}",
):
    """The app on this site runs on no token any more."""

    site_id: str
    app_key: str
    token_id: int


class TokenRemovalSeen(
    Event,
    topic="installation.TokenRemovalSeen",
    line="{site_id} learned that token {token_id} of {app_key} was removed",
):
    """The site took over that a token bound to it was removed by its partner."""

    site_id: str
    app_key: str
    token_id: int


class LicenceChanged(
    Event,
    topic="installation.LicenceChanged",
    line="licence of {app_key} on {site_id} is {state.value}",
):
    """The licence of a paid app on this site stands at another state."""

    site_id: str
    app_key: str
    state: LicenceState


class AppInstalled(
    Event,
    topic="installation.AppInstalled",
    line="{app_key} {version} installed on {site_id}",
):
    """An app is live on a site where it was not."""

    site_id: str
    app_key: str
    installation_id: str
    build: int
    version: str


class AppUpdated(
    Event,
    topic="installation.AppUpdated",
    line="{app_key} on {site_id} updated from {from_version} to {version}",
):
    """A live app has this version now; it may be the same one again."""

    site_id: str
    app_key: str
    installation_id: str
    build: int
    version: str
    from_version: str


class InstallFailed(
    Event,
    topic="installation.InstallFailed",
    line="{app_key} not installed on {site_id}: {code}",
):
    """An installation ended; what was live before is as it was."""

    site_id: str
    app_key: str
    installation_id: str
    code: str
    detail: str


class AppSeen(Event, topic="installation.AppSeen", line="{app_key} is listed, {visibility}"):
    """The installation service took over what it needs to know of a listing."""

    app_key: str
    name: str
    visibility: Literal["private", "public"]
    paid: bool
    product: Product | None = None


class AppVersionSeen(
    Event, topic="installation.AppVersionSeen", line="{app_key} {version} can be installed"
):
    """The installation service took over a version with its descriptor."""

    app_key: str
    build: int
    version: str
    visibility: Literal["private", "public"]
    authentication: Literal["jwt", "none"]
    descriptor: dict[str, JsonValue]
