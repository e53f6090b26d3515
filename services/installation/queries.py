"""What may be read of the installation service."""

from typing import Literal

from services.installation.commands import LicenceState
from shared.messages import Message, Query
from shared.names import AppKey, SiteId


class App(Query, service="installation", key="site_id"):
    """An app on a site, for the site's admins."""

    site_id: SiteId
    app_key: AppKey


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
    token_id: int | None
    licence: LicenceState
    lic: Literal["active", "none"] | None
    licence_read_only: bool
    licence_read_only_reason: str | None
