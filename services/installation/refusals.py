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


class UnknownProperty(Refusal, hint="see which there are", then="AppProperties"):
    """{app_key} keeps no {name} on {site_id}."""


class PropertyLimitReached(Refusal, hint="delete one first", then="DeleteAppProperty"):
    """{app_key} keeps {limit} properties on {site_id}, and no app may keep more."""


class UnknownAttempt(Refusal, hint="take the attempt from the reply that began it"):
    """No attempt {attempt} to install {app_key} on {site_id} is known; the last 20 are."""


class LastAdmin(Refusal, hint="add another admin first", then="AddAdmin"):
    """{account} is the last admin of {site_id} and can't leave."""


class NothingToApprove(Refusal, hint="look which version waits", then="App"):
    """No version {version} of {app_key} waits for approval."""


class InstallTimeout(Refusal, hint="install it again"):
    """The installation could not be finished in time."""


class StepDiscarded(Refusal, hint="install it again"):
    """An operator discarded what came next; the dead letter says why it could not be done."""


class HookRefused(Refusal, hint="look into the app's log; it has to answer 200, 201 or 204"):
    """{url} answered {status}."""


class HookTimeout(Refusal, hint="an answer has to begin within 5 seconds"):
    """{url} took too long."""


class HookUnreachable(Refusal, hint="the app has to answer there"):
    """{url} can't be reached: {reason}."""


class HookNotDue(Refusal, hint="look where it stands", then="App"):
    """{hook} is nothing that {app_key} wants to be told on {site_id} as it stands."""


class NoSecret(Refusal, hint="only installed apps of type jwt have one"):
    """{app_key} has no shared secret on {site_id}."""


class SiteWasReset(Refusal, code="site-reset", hint="install it again"):
    """The site {site_id} was reset meanwhile."""


class AppDisabled(Refusal, hint="enable it first", then="EnableApp"):
    """{app_key} is disabled on {site_id}."""


class NotAuthenticated(Refusal, hint="sign the request with the shared secret"):
    """The token isn't that of an app here, or not for this request and now."""


class OtherApp(Refusal, hint="an app may ask about itself"):
    """That is another app than {app_key}."""


class NoPage(Refusal, hint="look into its descriptor"):
    """{app_key} has no page {page}."""


class UnknownKey(Refusal, hint="take the kid of the token's header as it is"):
    """There is no key {kid}."""
