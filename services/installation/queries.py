"""What may be read of the installation service."""

from typing import Literal

from services.installation.commands import LicenceState
from services.listing.commands import Product
from shared.messages import Message, Query
from shared.names import AppKey, SiteId


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
    name: str
    installation_id: str
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


class SiteAppsView(Message):
    """The answer to SiteApps."""

    apps: tuple[AppView, ...]


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
