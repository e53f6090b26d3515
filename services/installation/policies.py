"""What the installation service does whenever something happened elsewhere."""

from services.installation.domain import App, Site
from services.installation.events import AppSeen, AppVersionSeen
from services.listing.events import ListingCreated, VersionPublished
from services.token.events import TokenRemoved
from shared.inbox import Load
from shared.names import fold


class Policies:
    """One method an event."""

    def listing_created(self, event: ListingCreated, load: Load) -> None:
        """The app may be installed once it has a version."""
        app = load(App, fold(event.app_key))
        app.record(
            AppSeen(
                app_key=app.key,
                name=event.name,
                visibility=event.visibility,
                paid=event.payment_model != "free",
                product=event.product,
            )
        )

    def version_published(self, event: VersionPublished, load: Load) -> None:
        """The version may be installed."""
        app = load(App, fold(event.app_key))
        app.record(
            AppVersionSeen(
                app_key=app.key,
                build=event.build,
                version=event.version,
                visibility=event.visibility,
                authentication=event.authentication,
                descriptor=event.descriptor,
            )
        )

    def token_removed(self, event: TokenRemoved, load: Load) -> None:
        """Where a removed token was applied the app is unlicensed."""
        if event.site_id is None:
            return
        site = load(Site, event.site_id)
        if site.registered is not None:
            site.see_token_removal(event.app_key, event.token_id)
