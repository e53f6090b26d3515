"""Partner and Listing: who may list what."""

from services.listing.commands import PublishApp, RegisterPartner
from services.listing.events import ListingCreated, PartnerRegistered, VersionPublished
from services.listing.refusals import (
    HostingNotCloud,
    KeyMismatch,
    KeyTaken,
    LicensingNotEnabled,
    PaidViaVendorNotForConnect,
    PartnerExists,
)
from shared.aggregate import Aggregate
from shared.descriptor import Descriptor
from shared.errors import NotAMember, UnknownPartner
from shared.messages import Event
from shared.names import fold


class Partner(Aggregate):
    """An organisation that lists apps, and the accounts that act for it."""

    KIND = "partner"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.members: frozenset[str] = frozenset()

    def register(self, asked: RegisterPartner, member: str) -> None:
        """Found the organisation; raises PartnerExists."""
        if self.version:
            raise PartnerExists(partner_id=self.key)
        self.record(PartnerRegistered(**asked.model_dump(), member=member))

    def require_member(self, account: str) -> None:
        """Raises UnknownPartner or NotAMember."""
        if not self.version:
            raise UnknownPartner(partner_id=self.key)
        if account not in self.members:
            raise NotAMember(partner_id=self.key)

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case PartnerRegistered():
                self.members = frozenset({event.member})


class Listing(Aggregate):
    """An app in the marketplace, with its versions."""

    KIND = "listing"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.created: ListingCreated | None = None
        self.versions: list[VersionPublished] = []

    def check(self, asked: PublishApp) -> None:
        """Refuse what needs no look at the descriptor.

        Raises KeyTaken, PaidViaVendorNotForConnect or HostingNotCloud.
        """
        if self.created:
            raise KeyTaken(app_key=asked.app_key)
        if asked.payment_model == "paid-via-vendor":
            raise PaidViaVendorNotForConnect
        if asked.hosting != "cloud":
            raise HostingNotCloud(hosting=asked.hosting)

    def publish(self, asked: PublishApp, descriptor: Descriptor) -> None:
        """Create the listing with its first version; raises KeyMismatch, LicensingNotEnabled."""
        self.check(asked)
        if fold(descriptor.key) != self.key:
            raise KeyMismatch(app_key=asked.app_key, descriptor_key=descriptor.key)
        if asked.payment_model != "free" and not descriptor.licensing:
            raise LicensingNotEnabled
        self.record(
            ListingCreated(
                app_key=descriptor.key,
                partner_id=asked.partner_id,
                name=descriptor.name,
                visibility=asked.visibility,
                payment_model=asked.payment_model,
                hosting=asked.hosting,
                product=asked.product,
                descriptor_url=asked.descriptor_url,
            )
        )
        self.record(
            VersionPublished(
                app_key=descriptor.key,
                build=1,
                version=f"{descriptor.api_version}.0.0",
                visibility=asked.visibility,
                authentication=descriptor.authentication,
                base_url=descriptor.base_url,
                licensing=descriptor.licensing,
                descriptor=descriptor.content,
            )
        )

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case ListingCreated():
                self.created = event
            case VersionPublished():
                self.versions.append(event)
