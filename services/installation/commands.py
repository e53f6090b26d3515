"""What may be asked of the installation service."""

from enum import Enum
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints
from pydantic_core import from_json

from services.listing.commands import Product
from shared.links import Link
from shared.messages import Command, Message
from shared.names import AccountId, AppKey, SiteId

Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
SiteUrl = Annotated[str, StringConstraints(pattern=r"^https?://[^/?#\s]+[^?#\s]*$", max_length=200)]
TokenText = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def _is_json(text: str) -> str:
    from_json(text, allow_inf_nan=False)
    return text


PropertyName = Annotated[str, StringConstraints(min_length=1, max_length=127)]
PROPERTY_SIZE = 32_768
"""Characters of a property's value."""
JsonText = Annotated[str, StringConstraints(max_length=PROPERTY_SIZE), AfterValidator(_is_json)]
VersionText = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$", max_length=50)]


Hook = Literal["installed", "enabled", "disabled", "uninstalled"]
"""What an app is told of its life on a site, by the names of its descriptor's `lifecycle`."""
HookOutcome = Literal["taken", "refused", "timeout", "unreachable", "not-sent"]
"""How an app took it; not-sent where hooks are switched off."""
INSTALL_ENDS = ("AppInstalled", "AppUpdated", "InstallFailed")
"""The events that end an installation or update."""


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

    @property
    def evaluation(self) -> bool:
        """Whether it is a trial."""
        return self.name.endswith("TRIAL")


class InstallBegun(Message):
    """The result of InstallApp; the query InstallAttempt tells how it goes on."""

    installation_id: str
    app_key: str
    attempt: int
    """Counts the installations and updates of this app on this site that were begun."""


class PropertySet(Message):
    """The result of SetAppProperty."""

    created: bool
    """Whether there was none of that name before."""


class GeneratedToken(Message):
    """The result of GenerateToken."""

    token_id: int


class RegisterSite(Command, service="installation", key="site_id"):
    """Make a site known, with its first admin. For operators."""

    site_id: SiteId
    base_url: SiteUrl
    product: Product
    admin: AccountId


class EnablePrivateListings(Command, service="installation", key="site_id"):
    """Let the site take private apps and tokens."""

    site_id: SiteId


class DisablePrivateListings(Command, service="installation", key="site_id"):
    """Take no more private apps and tokens; what is installed stays."""

    site_id: SiteId


class RenameSite(Command, service="installation", key="site_id"):
    """Reach the site at another URL; installations and tokens stay."""

    site_id: SiteId
    base_url: SiteUrl


class ResetSite(Command, service="installation", key="site_id"):
    """Begin anew with nothing installed; tokens that were applied stay bound to the site."""

    site_id: SiteId


class AddAdmin(Command, service="installation", key="site_id"):
    """Let one more account administer the site."""

    site_id: SiteId
    account: AccountId


class RemoveAdmin(Command, service="installation", key="site_id"):
    """Let an account no longer administer the site; the last one stays."""

    site_id: SiteId
    account: AccountId


class InstallApp(
    Command,
    service="installation",
    key="site_id",
    secret="url",
    ends=INSTALL_ENDS,
    result=InstallBegun,
):
    """Install an app by its token link, its descriptor link or the URL of its descriptor.

    On a live app this is an update.

    The reply comes when the installation has begun; AppInstalled, AppUpdated or InstallFailed
    ends it.
    """

    site_id: SiteId
    url: Url

    def about(self) -> frozenset[str]:
        """The site, and the app that the link leads to, or the URL where a descriptor is."""
        try:
            return super().about() | {Link.read(self.url).app_key}
        except ValueError:
            return super().about() | {self.url}


class SetToken(Command, service="installation", key="site_id", secret="token"):
    """Apply a token to an installed app; the one before is cleared.

    With a state the licence is switched to it at once; only paid apps have one.
    """

    site_id: SiteId
    app_key: AppKey
    token: TokenText
    state: LicenceState | None = None


class ClearToken(Command, service="installation", key="site_id"):
    """Take the token off an installed app; it stays bound to this site."""

    site_id: SiteId
    app_key: AppKey


class GenerateToken(Command, service="installation", key="site_id", result=GeneratedToken):
    """Make a token and apply it in one step; for admins who are members of the partner too."""

    site_id: SiteId
    app_key: AppKey


class SetLicenceState(Command, service="installation", key="site_id"):
    """Switch the licence of an app with a token, to test the app."""

    site_id: SiteId
    app_key: AppKey
    state: LicenceState


class EnableApp(Command, service="installation", key="site_id"):
    """Let a disabled app be used again."""

    site_id: SiteId
    app_key: AppKey


class DisableApp(Command, service="installation", key="site_id"):
    """Keep an app from being used; it stays installed."""

    site_id: SiteId
    app_key: AppKey


class ApproveUpdate(
    Command, service="installation", key="site_id", ends=INSTALL_ENDS, result=InstallBegun
):
    """Take the version that waits for approval."""

    site_id: SiteId
    app_key: AppKey
    version: VersionText


class UninstallApp(Command, service="installation", key="site_id"):
    """Take an app off the site."""

    site_id: SiteId
    app_key: AppKey


class RotateSecret(
    Command, service="installation", key="site_id", ends=INSTALL_ENDS, result=InstallBegun
):
    """Give an app of type jwt another shared secret, by an update to the version it has.

    The new secret counts once the app has taken it; until then the old one does.
    """

    site_id: SiteId
    app_key: AppKey


class SendHook(Command, service="installation", key="site_id"):
    """Tell an app once more where it stands; `hook` has to be the one that says so."""

    site_id: SiteId
    app_key: AppKey
    hook: Hook


class SetAppProperty(Command, service="installation", key="site_id", result=PropertySet):
    """Keep something for an app on a site, as JSON; for the app itself and the site's admins.

    It is told to the audit as everything is: no place for secrets and personal data.
    """

    site_id: SiteId
    app_key: AppKey
    name: PropertyName
    value: JsonText


class DeleteAppProperty(Command, service="installation", key="site_id"):
    """Keep something for an app no longer; for the app itself and the site's admins."""

    site_id: SiteId
    app_key: AppKey
    name: PropertyName
