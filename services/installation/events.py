"""What can have happened in the installation service."""

from typing import Literal

from pydantic import Field, JsonValue

from services.installation.commands import Hook, HookOutcome, LicenceState
from services.listing.commands import Product, Visibility
from services.listing.events import Change
from services.listing.queries import Status
from shared.messages import Event
from shared.names import Timestamp


class SiteRegistered(
    Event, topic="installation.SiteRegistered", line="{product} site {site_id} registered"
):
    """A site can install apps."""

    site_id: str
    base_url: str
    product: Product
    admin: str
    cloud_id: str


class SiteRenamed(
    Event,
    topic="installation.SiteRenamed",
    line="site {site_id} is at {base_url} now, not at {old_base_url}",
):
    """A site is reached at another URL; installations and tokens stay."""

    site_id: str
    old_base_url: str
    base_url: str


class SiteReset(Event, topic="installation.SiteReset", line="site {site_id} began anew"):
    """Nothing is installed on the site any more; tokens applied there stay bound to it.

    `generation` counts the resets.
    """

    site_id: str
    generation: int


class AdminAdded(Event, topic="installation.AdminAdded", line="{account} administers {site_id}"):
    """One more account administers a site."""

    site_id: str
    account: str


class AdminRemoved(
    Event, topic="installation.AdminRemoved", line="{account} no longer administers {site_id}"
):
    """An account no longer administers a site."""

    site_id: str
    account: str


class PrivateListingsEnabled(
    Event,
    topic="installation.PrivateListingsEnabled",
    line="private listings enabled on {site_id}",
):
    """The site takes private apps and tokens."""

    site_id: str


class PrivateListingsDisabled(
    Event,
    topic="installation.PrivateListingsDisabled",
    line="private listings disabled on {site_id}",
):
    """The site takes no more private apps and tokens; what is installed stays."""

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
    paid: bool
    private: bool
    """Whether a private link led to it: then the site follows private versions too."""
    token_id: int | None = None
    key: str = ""
    """The app's key and base URL as its descriptor has them."""
    base_url: str = ""
    hooks: dict[Hook, str] = Field(default_factory=dict)
    """What the app wants to be told, and under which path."""
    generation: int = 0
    """The site's."""
    secret: str | None = None
    """The name of the shared secret: the attempt that made it, and the key it is made with."""


class TokenAttached(
    Event,
    topic="installation.TokenAttached",
    line="token {token_id} attached to {app_key} on {site_id}",
):
    """The app on this site runs on that token, or an install brings it.

    `attempt` names the install; what is `brought` the app runs on once that has ended well.
    """

    site_id: str
    app_key: str
    token_id: int
    attempt: int | None = None
    brought: bool = False


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
    status: int | None = None
    """What the app answered, where that was why."""


class AppUninstalled(
    Event,
    topic="installation.AppUninstalled",
    line="{app_key} uninstalled from {site_id}",
):
    """An app is no longer on a site; a token that was applied stays bound to the site."""

    site_id: str
    app_key: str
    installation_id: str


class AppEnabled(Event, topic="installation.AppEnabled", line="{app_key} enabled on {site_id}"):
    """A disabled app can be used again."""

    site_id: str
    app_key: str


class AppDisabled(Event, topic="installation.AppDisabled", line="{app_key} disabled on {site_id}"):
    """An app stays installed and can't be used."""

    site_id: str
    app_key: str


class HookAnswered(
    Event,
    topic="installation.HookAnswered",
    line="{app_key} was told {hook} on {site_id}: {outcome}",
):
    """An app was told of its life on a site.

    `cause` is the version of the site by which it was due, `milliseconds` how long it took.
    """

    site_id: str
    app_key: str
    installation_id: str
    hook: Hook
    cause: int
    url: str
    sent_at: Timestamp
    milliseconds: int
    outcome: HookOutcome
    status: int | None = None
    head: str = ""


class HookRequested(
    Event,
    topic="installation.HookRequested",
    line="{app_key} is to be told {hook} on {site_id} again",
):
    """An admin lets an app be told once more where it stands."""

    site_id: str
    app_key: str
    hook: Hook


class AppPropertySet(
    Event,
    topic="installation.AppPropertySet",
    line="{app_key} on {site_id} keeps {name}",
):
    """Something is kept for an app on a site: `value` is JSON text.

    It goes with the installation: a new one begins without.
    """

    site_id: str
    app_key: str
    installation_id: str
    name: str
    value: str


class AppPropertyDeleted(
    Event,
    topic="installation.AppPropertyDeleted",
    line="{app_key} on {site_id} keeps {name} no longer",
):
    """Something is no longer kept for an app on a site."""

    site_id: str
    app_key: str
    installation_id: str
    name: str


class UpdateOffered(
    Event,
    topic="installation.UpdateOffered",
    line="{app_key} {version} waits for approval on {site_id}",
):
    """A version asks for more than the one before: an admin has to approve it."""

    site_id: str
    app_key: str
    build: int
    version: str


class AppSeen(
    Event, topic="installation.AppSeen", line="{app_key} is listed, {status}", published=False
):
    """The installation service took over what it needs to know of a listing."""

    app_key: str
    name: str
    status: Status
    descriptor_url: str
    product: Product | None = None


class AppVersionSeen(
    Event,
    topic="installation.AppVersionSeen",
    line="{app_key} {version} can be installed",
    published=False,
):
    """The installation service took over a version with its descriptor."""

    app_key: str
    build: int
    version: str
    change: Change
    visibility: Visibility
    paid: bool
    authentication: Literal["jwt", "none"]
    descriptor: dict[str, JsonValue]


class AppVisibilitySeen(
    Event,
    topic="installation.AppVisibilitySeen",
    line="build {build} of {app_key} is {visibility}",
    published=False,
):
    """The installation service took over who sees a version."""

    app_key: str
    build: int
    visibility: Visibility
