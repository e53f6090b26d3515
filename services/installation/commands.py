"""What may be asked of the installation service."""

from enum import Enum
from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.links import Link
from shared.messages import Command, Message
from shared.names import AccountId, AppKey, SiteId

Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
SiteUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^/?#\s]+[^?#\s]*$", max_length=200)]
TokenText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Product = Literal["jira", "confluence"]


class LicenceState(Enum):
    """What the licence of an applied token stands at."""

    NONE = "NONE"
    ACTIVE_TRIAL = "ACTIVE_TRIAL"
    INACTIVE_TRIAL = "INACTIVE_TRIAL"
    ACTIVE_SUBSCRIPTION = "ACTIVE_SUBSCRIPTION"
    ACTIVE_SUBSCRIPTION_CANCELLED = "ACTIVE_SUBSCRIPTION_CANCELLED"
    INACTIVE_SUBSCRIPTION = "INACTIVE_SUBSCRIPTION"

    @property
    def active(self) -> bool:
        """Whether the app is told `lic=active`."""
        return self.name.startswith("ACTIVE")


class RegisterSite(Command, service="installation", key="site_id"):
    """Make a site known, with its first admin. For operators."""

    site_id: SiteId
    base_url: SiteUrl
    product: Product
    admin: AccountId


class EnablePrivateListings(Command, service="installation", key="site_id"):
    """Let the site take private apps and tokens."""

    site_id: SiteId


class InstallApp(Command, service="installation", key="site_id"):
    """Install an app by its token link or descriptor link; on a live one this is an update.

    The reply comes when the installation has begun; AppInstalled, AppUpdated or InstallFailed
    ends it.
    """

    site_id: SiteId
    url: Url

    def about(self) -> frozenset[str]:
        """The site, and the app that the link leads to."""
        try:
            return super().about() | {Link.read(self.url).app_key}
        except ValueError:
            return super().about()


class InstallBegun(Message):
    """The result of InstallApp."""

    installation_id: str


class SetToken(Command, service="installation", key="site_id"):
    """Apply a token to an installed app; the one before is cleared."""

    site_id: SiteId
    app_key: AppKey
    token: TokenText


class ClearToken(Command, service="installation", key="site_id"):
    """Take the token off an installed app; it stays bound to this site."""

    site_id: SiteId
    app_key: AppKey


class SetLicenceState(Command, service="installation", key="site_id"):
    """Switch the licence of an app with a token, to test the app."""

    site_id: SiteId
    app_key: AppKey
    state: LicenceState


class AttachToken(Command, service="installation", key="site_id", internal=True):
    """Step of the install process: the token service applied the token."""

    site_id: SiteId
    app_key: AppKey
    attempt: int
    token_id: int


class FinishInstall(Command, service="installation", key="site_id", internal=True):
    """Step of the install process: nothing is left to do."""

    site_id: SiteId
    app_key: AppKey
    attempt: int


class FailInstall(Command, service="installation", key="site_id", internal=True):
    """Step of the install process: it can't go on."""

    site_id: SiteId
    app_key: AppKey
    attempt: int
    code: str
    detail: str
