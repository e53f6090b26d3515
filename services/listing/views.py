"""How each query of the listing service is answered."""

from services.listing import domain
from services.listing.queries import ListedVersion, Listing, ListingView
from shared.errors import UnknownApp
from shared.handlers import Context


class Views:
    """One method a query."""

    def listing(self, query: Listing, listing: domain.Listing, context: Context) -> ListingView:
        """To strangers a private app looks unknown."""
        created = listing.created
        if created is None or not _may_see(listing, context):
            raise UnknownApp(app_key=query.app_key)
        return ListingView(
            **created.model_dump(),
            versions=tuple(
                ListedVersion(build=v.build, version=v.version, visibility=v.visibility)
                for v in listing.versions
            ),
        )


def _may_see(listing: domain.Listing, context: Context) -> bool:
    created = listing.created
    if created is None or created.visibility == "public":
        return created is not None
    return context.actor in context.read(domain.Partner, created.partner_id).members
