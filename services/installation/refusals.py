"""The rules of the installation service, each as the refusal that names it."""

from shared.errors import Refusal


class SiteExists(Refusal, hint="choose another id"):
    """The site id {site_id} is taken."""


class DescriptorNotListed(Refusal, hint="use a link that this marketplace gave out"):
    """That URL leads to no listed app."""


class PrivateListingsDisabled(Refusal, hint="switch them on: EnablePrivateListings"):
    """Private listings are not enabled on {site_id}."""


class ProductMismatch(Refusal, hint="install it on a site of that product"):
    """{app_key} is for {app_product}, the site is {site_product}."""


class InstallInProgress(Refusal, hint="wait for the event that ends it"):
    """{app_key} is being installed on {site_id}."""


class NotInstalled(Refusal, hint="install it first: InstallApp"):
    """{app_key} is not installed on {site_id}."""


class AppIsFree(Refusal, hint="only paid apps have licence states"):
    """{app_key} is free and has no licence."""


class NoToken(Refusal, hint="apply one first: SetToken"):
    """{app_key} has no token on {site_id}."""
