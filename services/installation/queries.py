"""What may be read of the installation service."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from services.installation.commands import (
    Hook,
    HookOutcome,
    LicenceState,
    PropertyName,
    TokenText,
)
from services.listing.commands import Product
from shared.messages import Message, Query
from shared.names import AppKey, SiteId, Timestamp

ModuleKey = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Kid = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class SiteView(Message):
    """The answer to Site."""

    site_id: str
    base_url: str
    product: Product
    cloud_id: str
    admins: tuple[str, ...]
    private_listings: bool


class AppView(Message):
    """The answer to App.

    `lic` is what the app is told on each page request; a free app is told nothing.
    """

    site_id: str
    app_key: str
    key: str
    """As its descriptor spells it."""
    name: str
    description: str
    installation_id: str
    client_key: str
    """By what the app knows the site."""
    build: int
    version: str
    enabled: bool
    waits_for_approval: str | None
    """The version that an admin has to approve."""
    token_id: int | None
    licence: LicenceState
    lic: Literal["active", "none"] | None
    licence_read_only: bool
    licence_read_only_reason: str | None


class InstallAttemptView(Message):
    """The answer to InstallAttempt."""

    site_id: str
    app_key: str
    attempt: int
    state: Literal["under-way", "done", "failed"]
    code: str | None = None
    """Why it failed, and in words."""
    detail: str | None = None
    status: int | None = None
    """What the app answered, where that was why."""


class AppDescriptorView(Message):
    """The answer to AppDescriptor."""

    site_id: str
    app_key: str
    version: str
    descriptor: dict[str, JsonValue]


class AppPropertiesView(Message):
    """The answer to AppProperties."""

    site_id: str
    app_key: str
    names: tuple[str, ...]


class AppPropertyView(Message):
    """The answer to AppProperty."""

    site_id: str
    app_key: str
    name: str
    value: str
    """JSON."""


class SiteToken(Message):
    """A token on which an app on a site runs."""

    app_key: str
    key: str
    """As the app's descriptor spells it."""
    token_id: int
    token: str
    licence: LicenceState
    valid: bool
    """Whether it licenses the app as things are; a free app's as long as it isn't removed."""
    entitlement_number: str | None
    """None while the app is unlicensed."""


class SiteTokensView(Message):
    """The answer to SiteTokens."""

    tokens: tuple[SiteToken, ...]


class SiteAppsView(Message):
    """The answer to SiteApps."""

    apps: tuple[AppView, ...]


class Delivery(Message):
    """One thing that an app was told, and how it took it."""

    hook: Hook
    sent_at: Timestamp
    milliseconds: int
    url: str
    outcome: HookOutcome
    status: int | None
    """None when no answer came."""
    head: str
    """How the answer began, or why there was none; never with the secret."""


class DeliveriesView(Message):
    """The answer to Deliveries."""

    site_id: str
    app_key: str
    deliveries: tuple[Delivery, ...]
    waiting: tuple[Hook, ...]
    """What the app is still to be told."""


class AppRequest(Message):
    """A request of an app to a site, with the token by which it says who it is.

    `path` is beneath the site's base URL, `path` and `query` as they were sent.
    """

    method: Literal["GET", "HEAD", "POST", "PUT", "DELETE"] = "GET"
    path: Annotated[str, StringConstraints(max_length=2000)]
    query: Annotated[str, StringConstraints(max_length=8000)] = ""
    token: Annotated[str, StringConstraints(max_length=8000)]


class TokenLicence(Message):
    """What an app is told of the licence that a token gives it."""

    active: bool
    evaluation: bool
    entitlement_id: str
    entitlement_number: str


class AddonView(Message):
    """The answer to Addon."""

    key: str
    version: str
    enabled: bool
    product: Product
    base_url: str
    """The site's."""
    licence: TokenLicence | None
    """None for a free app, and for one that is unlicensed."""


class PageView(Message):
    """The answer to Page."""

    site_id: str
    app_key: str
    page: str
    """The key of the module."""
    url: str
    """Good for 3 minutes, for whoever has it."""


class LinkedDescriptorView(Message):
    """The answer to LinkedDescriptor."""

    descriptor: dict[str, JsonValue]


class InstallKeyView(Message):
    """The answer to InstallKey."""

    kid: str
    pem: str
    """The public key, with LF line ends."""


class Site(Query, service="installation", key="site_id", answer=SiteView):
    """A site, for its admins."""

    site_id: SiteId


class SiteApps(Query, service="installation", key="site_id", answer=SiteAppsView):
    """All apps on a site, for its admins."""

    site_id: SiteId


class App(Query, service="installation", key="site_id", answer=AppView):
    """An app on a site, for the site's admins."""

    site_id: SiteId
    app_key: AppKey


class AppDescriptor(Query, service="installation", key="site_id", answer=AppDescriptorView):
    """The descriptor of the version that a site has, for the site's admins."""

    site_id: SiteId
    app_key: AppKey


class AppProperties(Query, service="installation", key="site_id", answer=AppPropertiesView):
    """What an app keeps on a site, by name; for the app itself and the site's admins."""

    site_id: SiteId
    app_key: AppKey


class AppProperty(Query, service="installation", key="site_id", answer=AppPropertyView):
    """One thing that an app keeps on a site; for the app itself and the site's admins."""

    site_id: SiteId
    app_key: AppKey
    name: PropertyName


class InstallAttempt(Query, service="installation", key="site_id", answer=InstallAttemptView):
    """How an installation or update goes on or went, of the last 20, for the site's admins."""

    site_id: SiteId
    app_key: AppKey
    attempt: Annotated[int, Field(ge=1)]


class SiteTokens(Query, service="installation", key="site_id", answer=SiteTokensView):
    """The tokens on which the apps on a site run, for the site's admins."""

    site_id: SiteId


class Deliveries(Query, service="installation", key="site_id", answer=DeliveriesView):
    """The last 20 things that an app was told of its life on a site, for the site's admins."""

    site_id: SiteId
    app_key: AppKey


class Page(Query, service="installation", key="site_id", answer=PageView):
    """The signed URL of a page of an app on a site, for the site's admins.

    `page` is the key of a module of the descriptor; the first one that has a page if not given.
    """

    site_id: SiteId
    app_key: AppKey
    page: ModuleKey | None = None


class LinkedDescriptor(
    Query, service="installation", key=None, secret="token", answer=LinkedDescriptorView
):
    """The descriptor behind a link: a public version's for everybody, another's with a token."""

    app_key: AppKey
    build: int
    token: TokenText | None = None


class InstallKey(Query, service="installation", key=None, answer=InstallKeyView):
    """A public key by which apps check what they are told, for everybody."""

    kid: Kid


class Addon(Query, service="installation", key="site_id", answer=AddonView):
    """What an app may know of itself on a site; it says who it is by its token."""

    site_id: SiteId
    app_key: AppKey
    request: AppRequest
