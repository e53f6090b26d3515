"""What the token service does whenever something happened elsewhere."""

from services.installation.events import TokenCleared
from services.listing.events import ListingCreated, PartnerRegistered, VersionPublished
from services.token.domain import AppTokens, Partner
from services.token.events import ListingSeen, VersionSeen
from shared.inbox import Load
from shared.names import fold


class Policies:
    """One method an event."""

    def partner_registered(self, event: PartnerRegistered, load: Load) -> None:
        """The first member may make tokens."""
        load(Partner, event.partner_id).see(frozenset({event.member}))

    def listing_created(self, event: ListingCreated, load: Load) -> None:
        """Tokens follow the listing."""
        app_key = fold(event.app_key)
        load(AppTokens, app_key).see_listing(
            ListingSeen(
                app_key=app_key,
                partner_id=event.partner_id,
                visibility=event.visibility,
                hosting=event.hosting,
            )
        )

    def version_published(self, event: VersionPublished, load: Load) -> None:
        """Token links lead to the newest version."""
        app_key = fold(event.app_key)
        load(AppTokens, app_key).see_version(
            VersionSeen(app_key=app_key, build=event.build, visibility=event.visibility)
        )

    def token_cleared(self, event: TokenCleared, load: Load) -> None:
        """A cleared token still exists, and is shown as cleared."""
        load(AppTokens, fold(event.app_key)).see_clear(event.token_id, event.site_id)
