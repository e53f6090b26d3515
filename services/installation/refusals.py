"""The rules of the installation service, each as the refusal that names it."""

from shared.errors import Refusal


class SiteExists(Refusal, hint="choose another id"):
    """The site id {site_id} is taken."""


class DescriptorNotListed(Refusal, hint="use a link that this marketplace gave out"):
    """That URL leads to no listed app."""


class PrivateListingsDisabled(Refusal, hint="switch them on", then="EnablePrivateListings"):
    """Private listings are not enabled on {site_id}."""


class ProductMismatch(Refusal, hint="install it on a site of that product"):
    """{app_key} is for {app_product}, the site is {site_product}."""


class InstallInProgress(Refusal, hint="wait for the event that ends it"):
    """{app_key} is being installed on {site_id}."""


class NotInstalled(Refusal, hint="install it first", then="InstallApp"):
    """{app_key} is not installed on {site_id}."""


class AppIsFree(Refusal, hint="only paid apps have licence states"):
    """{app_key} is free and has no licence."""


class NoToken(Refusal, hint="apply one first", then="SetToken"):
    """{app_key} has no token on {site_id}."""


class LastAdmin(Refusal, hint="add another admin first", then="AddAdmin"):
    """{account} is the last admin of {site_id} and can't leave."""


class NothingToApprove(Refusal, hint="look which version waits", then="App"):
    """No version {version} of {app_key} waits for approval."""


class HandshakeUnavailable(Refusal, hint="install an app of type none"):
    """Apps of type jwt need a signed handshake, which isn't supported yet."""


class InstallTimeout(Refusal, hint="install it again"):
    """The token could not be applied in time."""


class SiteWasReset(Refusal, code="site-reset", hint="install it again"):
    """The site {site_id} was reset meanwhile."""
