"""How each query of the listing service is answered."""

from collections.abc import Collection, Iterable

from services.listing import domain
from services.listing.needs import FetchDescriptor
from services.listing.queries import (
    DescriptorView,
    ListedApp,
    ListedApps,
    ListedVersion,
    Listing,
    ListingView,
    Partner,
    PartnerListings,
    PartnerView,
    ReadDescriptor,
    SubmittedListings,
)
from shared.errors import NotAnOperator
from shared.handlers import Context
from shared.links import Link


class Views:
    """One method a query."""

    def __init__(self, public_url: str, operators: Collection[str]) -> None:
        self._public_url = public_url
        self._operators = operators

    def partner(self, query: Partner, partner: domain.Partner, context: Context) -> PartnerView:
        """Members see who they are."""
        partner.require_member(context.actor)
        return PartnerView(
            partner_id=query.partner_id,
            members=tuple(sorted(partner.members)),
            **partner.contact.model_dump(),
        )

    def partner_listings(
        self, query: PartnerListings, partner: domain.Partner, context: Context
    ) -> ListedApps:
        """Members see all apps of their organisation."""
        partner.require_member(context.actor)
        return _lines(context.labelled(domain.Listing, f"partner:{query.partner_id}"))

    def submitted_listings(
        self, query: SubmittedListings, none: domain.Listing, context: Context
    ) -> ListedApps:
        """Operators see what waits for them."""
        del query, none
        if context.actor not in self._operators:
            raise NotAnOperator
        return _lines(context.labelled(domain.Listing, "status:submitted"))

    def read_descriptor(
        self, query: ReadDescriptor, none: domain.Listing, context: Context
    ) -> DescriptorView:
        """Anybody may try a descriptor before listing its app."""
        del none
        descriptor = context.need(FetchDescriptor(query.url))
        return DescriptorView(**descriptor.model_dump(exclude={"content"}))

    def listing(self, query: Listing, listing: domain.Listing, context: Context) -> ListingView:
        """Members see everything, operators too; others what is public."""
        del query
        created = listing.require_created()
        partner = context.read(domain.Partner, created.partner_id)
        inside = context.actor in partner.members or context.actor in self._operators
        if not inside:
            listing.require_public()
        return ListingView(
            app_key=created.app_key,
            partner_id=created.partner_id,
            name=created.name,
            status=listing.status,
            payment_model=listing.payment_model,
            hosting=created.hosting,
            descriptor_url=listing.descriptor_url,
            versions=tuple(
                self._version(listing.key, version)
                for version in listing.versions.values()
                if inside or version.visibility == "public"
            ),
            **listing.details.model_dump(),
        )

    def _version(self, app_key: str, version: domain.Version) -> ListedVersion:
        published = version.published
        build = published.build
        return ListedVersion(
            build=build,
            version=published.version,
            visibility=version.visibility,
            beta=version.beta,
            payment_model=published.payment_model,
            descriptor_url=published.descriptor_url,
            descriptor_link=Link(app_key, build).url(self._public_url),
        )


def _lines(listings: Iterable[domain.Listing]) -> ListedApps:
    return ListedApps(
        apps=tuple(
            ListedApp(
                app_key=created.app_key,
                partner_id=created.partner_id,
                name=created.name,
                status=listing.status,
                payment_model=listing.payment_model,
                version=listing.newest.version,
            )
            for listing in listings
            if (created := listing.created)
        )
    )
