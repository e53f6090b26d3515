"""What the token service does whenever something happened elsewhere."""

from services.installation.events import SiteRegistered, TokenAttached, TokenCleared
from services.listing.events import (
    ListingApproved,
    ListingCreated,
    ListingMadePrivate,
    ListingRejected,
    ListingSubmitted,
    MemberAdded,
    MemberRemoved,
    PartnerRegistered,
    VersionPublished,
    VersionVisibilityChanged,
)
from services.token.domain import AppTokens, Partner, Site
from services.token.events import ListingSeen
from shared.inbox import Load
from shared.names import fold


class Policies:
    """One method an event."""

    def partner_registered(self, event: PartnerRegistered, load: Load) -> None:
        """The first member may make tokens."""
        load(Partner, event.partner_id).see(frozenset({event.member}))

    def member_added(self, event: MemberAdded, load: Load) -> None:
        """A new member may make tokens."""
        partner = load(Partner, event.partner_id)
        partner.see(partner.members | {event.account})

    def member_removed(self, event: MemberRemoved, load: Load) -> None:
        """Who left may not."""
        partner = load(Partner, event.partner_id)
        partner.see(partner.members - {event.account})

    def listing_created(self, event: ListingCreated, load: Load) -> None:
        """Tokens follow the listing."""
        tokens = load(AppTokens, fold(event.app_key))
        tokens.see_listing(
            ListingSeen(
                app_key=tokens.key,
                partner_id=event.partner_id,
                status="private" if event.visibility == "private" else "submitted",
                hosting=event.hosting,
            )
        )

    def listing_submitted(self, event: ListingSubmitted, load: Load) -> None:
        """No new tokens while the listing is about to be public."""
        load(AppTokens, fold(event.app_key)).see_status("submitted")

    def listing_approved(self, event: ListingApproved, load: Load) -> None:
        """No new tokens for a public listing; those that exist go on."""
        load(AppTokens, fold(event.app_key)).see_status("public")

    def listing_rejected(self, event: ListingRejected, load: Load) -> None:
        """No new tokens before the listing is private again."""
        load(AppTokens, fold(event.app_key)).see_status("rejected")

    def listing_made_private(self, event: ListingMadePrivate, load: Load) -> None:
        """New tokens again, and links to private versions only."""
        tokens = load(AppTokens, fold(event.app_key))
        tokens.see_status("private")
        for build in event.builds:
            tokens.see_version(build, "private")

    def version_published(self, event: VersionPublished, load: Load) -> None:
        """Token links lead to the newest version."""
        load(AppTokens, fold(event.app_key)).see_version(event.build, event.visibility)

    def version_visibility_changed(self, event: VersionVisibilityChanged, load: Load) -> None:
        """A link leads to the newest version that is as private as the link."""
        load(AppTokens, fold(event.app_key)).see_version(event.build, event.visibility)

    def site_registered(self, event: SiteRegistered, load: Load) -> None:
        """Partners are told where a token is applied by what the site is known by."""
        load(Site, event.site_id).see(event.cloud_id)

    def token_cleared(self, event: TokenCleared, load: Load) -> None:
        """A cleared token still exists, and is shown as cleared."""
        load(AppTokens, fold(event.app_key)).see_clear(event.token_id, event.site_id)

    def token_attached(self, event: TokenAttached, load: Load) -> None:
        """A token that was set again before its clear was known here is in use."""
        load(AppTokens, fold(event.app_key)).see_use(event.token_id, event.site_id)
