"""Site: one cloud instance of a product, with the apps on it."""

from services.installation import refusals
from services.installation.commands import AddAdmin, RegisterSite, RemoveAdmin
from services.installation.domain.hooks import Telling
from services.installation.domain.on_site import OnSite
from services.installation.events import (
    AdminAdded,
    AdminRemoved,
    AppInstalled,
    AppUpdated,
    PrivateListingsDisabled,
    PrivateListingsEnabled,
    SiteRegistered,
    SiteRenamed,
    SiteReset,
)
from shared.aggregate import Aggregate
from shared.errors import NotAnAdmin, UnknownSite
from shared.messages import Event
from shared.names import SERVICE_ACCOUNT


class Site(Aggregate):
    """All installations of a site are decided on one history."""

    KIND = "site"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.registered: SiteRegistered | None = None
        self.base_url = ""
        self.generation = 0
        """How often the site began anew."""
        self.admins: frozenset[str] = frozenset()
        self.private_listings = False
        self.apps: dict[str, OnSite] = {}

    def labels(self) -> frozenset[str]:
        """A site is found by the apps that are on it or about to be."""
        apps = self.apps.values()
        return frozenset(f"app:{app.app_key}" for app in apps if app.live or app.under_way)

    def on_site(self, app_key: str) -> OnSite:
        """That app as it stands here."""
        return self.apps.get(app_key) or OnSite(
            self.key, app_key, self.record, generation=self.generation
        )

    def tellings(self) -> list[Telling]:
        """What the apps are to be told, in order."""
        if self.registered is None:
            return []
        told = self.registered.product, self.base_url, self.registered.cloud_id
        return [
            Telling(due, *told, install=due.request == app.under_way)
            for app in self.apps.values()
            for due in app.hooks.due
        ]

    def require_admin(self, account: str) -> SiteRegistered:
        """The site's registration; raises UnknownSite, NotAnAdmin."""
        if self.registered is None:
            raise UnknownSite(site_id=self.key)
        if account not in self.admins:
            raise NotAnAdmin(site_id=self.key)
        return self.registered

    def keeper(self, app_key: str, account: str) -> AppInstalled | AppUpdated:
        """A live app, for itself, as the services ask in its name, and for the site's admins.

        Raises UnknownSite, NotAnAdmin, NotInstalled.
        """
        if self.registered is None or account != SERVICE_ACCOUNT:
            self.require_admin(account)
        return self.on_site(app_key).require_live()

    def require_private_listings(self) -> None:
        """Raises PrivateListingsDisabled."""
        if not self.private_listings:
            raise refusals.PrivateListingsDisabled(site_id=self.key)

    def register(self, asked: RegisterSite, cloud_id: str) -> None:
        """Make the site known; raises SiteExists."""
        if self.registered is not None:
            raise refusals.SiteExists(site_id=self.key)
        self.record(SiteRegistered(**asked.model_dump(), cloud_id=cloud_id))

    def rename(self, base_url: str) -> None:
        """Reach the site at another URL; again without effect."""
        if base_url != self.base_url:
            renamed = SiteRenamed(site_id=self.key, old_base_url=self.base_url, base_url=base_url)
            self.record(renamed)

    def reset(self) -> None:
        """Begin anew with nothing installed; tokens that were applied here stay bound to it."""
        for app in list(self.apps.values()):
            app.reset()
        self.record(SiteReset(site_id=self.key, generation=self.generation + 1))

    def add(self, asked: AddAdmin) -> None:
        """Let an account administer the site; again without effect."""
        if asked.account not in self.admins:
            self.record(AdminAdded(**asked.model_dump()))

    def remove(self, asked: RemoveAdmin) -> None:
        """Let an account no longer administer it, again without effect; raises LastAdmin."""
        if self.admins == {asked.account}:
            raise refusals.LastAdmin(**asked.model_dump())
        if asked.account in self.admins:
            self.record(AdminRemoved(**asked.model_dump()))

    def enable_private_listings(self) -> None:
        """Let the site take private apps and tokens; again without effect."""
        if not self.private_listings:
            self.record(PrivateListingsEnabled(site_id=self.key))

    def disable_private_listings(self) -> None:
        """Take no more of them, again without effect; what is installed stays."""
        if self.private_listings:
            self.record(PrivateListingsDisabled(site_id=self.key))

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case SiteRegistered():
                self.registered, self.base_url = event, event.base_url
                self.admins = frozenset({event.admin})
            case SiteRenamed():
                self.base_url = event.base_url
                for app in self.apps.values():
                    app.see_rename(self.version + 1)
            case SiteReset():
                self.generation = event.generation
                for app in self.apps.values():
                    app.generation = event.generation
            case AdminAdded():
                self.admins |= {event.account}
            case AdminRemoved():
                self.admins -= {event.account}
            case PrivateListingsEnabled():
                self.private_listings = True
            case PrivateListingsDisabled():
                self.private_listings = False
            case _ if event.app is not None:
                app = self.on_site(event.app)
                app.evolve(event, self.version + 1)
                self.apps[event.app] = app
