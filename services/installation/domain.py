"""Site and App: what is installed where, on which token, with which licence."""

from dataclasses import dataclass, field, replace
from typing import Any

from services.installation import refusals
from services.installation.commands import LicenceState, RegisterSite
from services.installation.events import (
    AppInstalled,
    AppSeen,
    AppUpdated,
    AppVersionSeen,
    InstallFailed,
    InstallRequested,
    LicenceChanged,
    PrivateListingsEnabled,
    SiteRegistered,
    TokenAttached,
    TokenCleared,
    TokenRemovalSeen,
)
from shared.aggregate import COPY, Aggregate
from shared.errors import NotAnAdmin, UnknownSite
from shared.messages import Event

FRESH = LicenceState.ACTIVE_SUBSCRIPTION
"""What the licence of a token stands at when it is applied."""


class App(Aggregate):
    """What the installation service knows of a listed app."""

    KIND = f"{COPY}app"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.listing: AppSeen | None = None
        self.versions: dict[int, AppVersionSeen] = {}

    @property
    def paid(self) -> bool:
        """Whether the app has a licence at all."""
        return self.listing is not None and self.listing.paid

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case AppSeen():
                self.listing = event
            case AppVersionSeen():
                self.versions[event.build] = event


@dataclass(frozen=True)
class OnSite:
    """One app on one site, whether it is installed or only was or will be."""

    attempts: int = 0
    under_way: InstallRequested | None = None
    live: AppInstalled | AppUpdated | None = None
    token_id: int | None = None
    licence: LicenceState = LicenceState.NONE
    removed: frozenset[int] = field(default=frozenset())
    """Tokens bound to this site that their partner removed."""

    @property
    def token_is_removed(self) -> bool:
        """Whether the token in use was removed: the app is unlicensed for ever on it."""
        return self.token_id in self.removed


class Site(Aggregate):
    """One cloud instance of a product, with the apps on it."""

    KIND = "site"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.registered: SiteRegistered | None = None
        self.admins: frozenset[str] = frozenset()
        self.private_listings = False
        self.apps: dict[str, OnSite] = {}

    def on_site(self, app_key: str) -> OnSite:
        """That app as it stands here."""
        return self.apps.get(app_key, OnSite())

    def require_admin(self, account: str) -> SiteRegistered:
        """The site's registration; raises UnknownSite, NotAnAdmin."""
        if self.registered is None:
            raise UnknownSite(site_id=self.key)
        if account not in self.admins:
            raise NotAnAdmin(site_id=self.key)
        return self.registered

    def require_private_listings(self) -> None:
        """Raises PrivateListingsDisabled."""
        if not self.private_listings:
            raise refusals.PrivateListingsDisabled(site_id=self.key)

    def require_live(self, app_key: str) -> AppInstalled | AppUpdated:
        """What is installed; raises NotInstalled."""
        live = self.on_site(app_key).live
        if live is None:
            raise refusals.NotInstalled(app_key=app_key, site_id=self.key)
        return live

    def require_settled(self, app_key: str) -> None:
        """Raises InstallInProgress."""
        if self.on_site(app_key).under_way is not None:
            raise refusals.InstallInProgress(app_key=app_key, site_id=self.key)

    def register(self, asked: RegisterSite, cloud_id: str) -> None:
        """Make the site known; raises SiteExists."""
        if self.registered is not None:
            raise refusals.SiteExists(site_id=self.key)
        self.record(SiteRegistered(**asked.model_dump(), cloud_id=cloud_id))

    def enable_private_listings(self) -> None:
        """Let the site take private apps and tokens; again without effect."""
        if not self.private_listings:
            self.record(PrivateListingsEnabled(site_id=self.key))

    def begin_install(self, version: AppVersionSeen, token_id: int | None) -> str:
        """Begin to install that version and give the installation's id.

        Raises InstallInProgress.
        """
        self.require_settled(version.app_key)
        app = self.on_site(version.app_key)
        attempt = app.attempts + 1
        live = app.live
        installation_id = (
            f"{self.key}/{version.app_key}/{attempt}" if live is None else live.installation_id
        )
        self.record(
            InstallRequested(
                site_id=self.key,
                app_key=version.app_key,
                installation_id=installation_id,
                attempt=attempt,
                build=version.build,
                version=version.version,
                authentication=version.authentication,
                token_id=token_id,
            )
        )
        return installation_id

    def is_under_way(self, app_key: str, attempt: int) -> bool:
        """Whether that very install still waits for its next step."""
        under_way = self.on_site(app_key).under_way
        return under_way is not None and under_way.attempt == attempt

    def finish_install(self, app_key: str) -> None:
        """End the install that is under way well."""
        app = self.on_site(app_key)
        asked = app.under_way
        if asked is None:
            return
        fields = asked.model_dump(include={"installation_id", "build", "version"})
        if app.live is None:
            self.record(AppInstalled(site_id=self.key, app_key=app_key, **fields))
        else:
            self.record(
                AppUpdated(
                    site_id=self.key, app_key=app_key, from_version=app.live.version, **fields
                )
            )

    def fail_install(self, app_key: str, code: str, detail: str) -> None:
        """End the install that is under way badly: what wasn't live before leaves nothing."""
        app = self.on_site(app_key)
        if app.under_way is None:
            return
        if app.live is None:
            self.clear_token(app_key)
        self.record(
            InstallFailed(
                site_id=self.key,
                app_key=app_key,
                installation_id=app.under_way.installation_id,
                code=code,
                detail=detail,
            )
        )

    def attach_token(
        self, app_key: str, token_id: int, *, paid: bool, attempt: int | None = None
    ) -> None:
        """Run the app on a token that was applied here; another one is cleared.

        The licence begins anew, unless the token was removed meanwhile.
        """
        if self.on_site(app_key).token_id not in (None, token_id):
            self.clear_token(app_key)
        self.record(
            TokenAttached(site_id=self.key, app_key=app_key, token_id=token_id, attempt=attempt)
        )
        if paid and not self.on_site(app_key).token_is_removed:
            self.change_licence(app_key, FRESH)

    def clear_token(self, app_key: str) -> None:
        """Run the app on no token; again without effect."""
        app = self.on_site(app_key)
        if app.token_id is not None:
            self.change_licence(app_key, LicenceState.NONE)
            self.record(TokenCleared(site_id=self.key, app_key=app_key, token_id=app.token_id))

    def see_token_removal(self, app_key: str, token_id: int) -> None:
        """Take over that a token bound to this site was removed: the app is unlicensed."""
        self.record(TokenRemovalSeen(site_id=self.key, app_key=app_key, token_id=token_id))
        if self.on_site(app_key).token_is_removed:
            self.change_licence(app_key, LicenceState.NONE)

    def set_licence(self, app_key: str, state: LicenceState) -> None:
        """Switch the licence, to test the app; raises NoToken."""
        app = self.on_site(app_key)
        if app.token_id is None or app.token_is_removed:
            raise refusals.NoToken(app_key=app_key, site_id=self.key)
        self.change_licence(app_key, state)

    def change_licence(self, app_key: str, state: LicenceState) -> None:
        """Let the licence stand at `state`; again without effect."""
        if self.on_site(app_key).licence is not state:
            self.record(LicenceChanged(site_id=self.key, app_key=app_key, state=state))

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case SiteRegistered():
                self.registered = event
                self.admins = frozenset({event.admin})
            case PrivateListingsEnabled():
                self.private_listings = True
            case InstallRequested():
                self._change(event.app_key, attempts=event.attempt, under_way=event)
            case TokenAttached():
                self._change(event.app_key, token_id=event.token_id)
            case TokenCleared():
                self._change(event.app_key, token_id=None)
            case TokenRemovalSeen():
                removed = self.on_site(event.app_key).removed | {event.token_id}
                self._change(event.app_key, removed=removed)
            case LicenceChanged():
                self._change(event.app_key, licence=event.state)
            case AppInstalled() | AppUpdated():
                self._change(event.app_key, under_way=None, live=event)
            case InstallFailed():
                self._change(event.app_key, under_way=None)

    def _change(self, app_key: str, **fields: Any) -> None:
        self.apps = {**self.apps, app_key: replace(self.on_site(app_key), **fields)}
