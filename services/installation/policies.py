"""What the installation service does whenever something happened elsewhere."""

from services.installation.domain import App, Site
from services.installation.events import AppSeen, AppVersionSeen
from services.listing.events import (
    ListingApproved,
    ListingCreated,
    ListingDetailsChanged,
    ListingMadePrivate,
    ListingRejected,
    ListingSubmitted,
    VersionPublished,
    VersionVisibilityChanged,
)
from services.token.events import TokenRemoved
from shared.inbox import Load
from shared.names import fold


class Policies:
    """One method an event."""

    def listing_created(self, event: ListingCreated, load: Load) -> None:
        """The app may be installed once it has a version."""
        app = load(App, fold(event.app_key))
        app.see_listing(
            AppSeen(
                app_key=app.key,
                name=event.name,
                status="private" if event.visibility == "private" else "submitted",
                descriptor_url=event.descriptor_url,
                product=event.product,
            )
        )

    def listing_details_changed(self, event: ListingDetailsChanged, load: Load) -> None:
        """The app may be for another product now."""
        app = load(App, fold(event.app_key))
        if app.listing is not None and event.product is not None:
            app.see_listing(app.listing.model_copy(update={"product": event.product}))

    def listing_submitted(self, event: ListingSubmitted, load: Load) -> None:
        """What waits for approval is not public."""
        load(App, fold(event.app_key)).see_status("submitted")

    def listing_approved(self, event: ListingApproved, load: Load) -> None:
        """Everybody may install public versions."""
        load(App, fold(event.app_key)).see_status("public")

    def listing_rejected(self, event: ListingRejected, load: Load) -> None:
        """What was rejected is not public."""
        load(App, fold(event.app_key)).see_status("rejected")

    def listing_made_private(self, event: ListingMadePrivate, load: Load) -> None:
        """Only private links lead to the app; installed ones stay."""
        app = load(App, fold(event.app_key))
        app.see_status("private")
        for build in event.builds:
            app.see_visibility(build, "private")

    def version_published(self, event: VersionPublished, load: Load) -> None:
        """The version may be installed; the newest tells where the descriptor is."""
        app = load(App, fold(event.app_key))
        app.see_version(
            AppVersionSeen(
                app_key=app.key,
                build=event.build,
                version=event.version,
                change=event.change,
                visibility=event.visibility,
                paid=event.payment_model != "free",
                authentication=event.authentication,
                descriptor=event.descriptor,
            )
        )
        if app.listing is not None:
            place = {"descriptor_url": event.descriptor_url}
            app.see_listing(app.listing.model_copy(update=place))

    def version_visibility_changed(self, event: VersionVisibilityChanged, load: Load) -> None:
        """A version is shown or hidden."""
        load(App, fold(event.app_key)).see_visibility(event.build, event.visibility)

    def token_removed(self, event: TokenRemoved, load: Load) -> None:
        """Where a removed token was applied the app is unlicensed."""
        if event.site_id is None:
            return
        site = load(Site, event.site_id)
        if site.registered is not None:
            site.on_site(event.app_key).see_token_removal(event.token_id)
