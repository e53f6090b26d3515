"""What may be read of the listing service."""

from typing import Literal

from services.listing.commands import Details, PaymentModel, Url, Visibility
from shared.messages import Message, Query
from shared.names import AppKey, PartnerId

Status = Literal["private", "submitted", "public", "rejected"]
"""Where a listing stands; strangers see it only while it is public."""


class Contact(Message):
    """How an organisation is called and reached."""

    organisation: str = ""
    email: str | None = None
    url: str | None = None
    address: str | None = None


class PartnerView(Contact):
    """The answer to Partner."""

    partner_id: str
    members: tuple[str, ...]


class DescriptorView(Message):
    """The answer to ReadDescriptor."""

    key: str
    name: str
    vendor: str | None
    base_url: str
    authentication: Literal["jwt", "none"]
    licensing: bool
    api_version: int
    scopes: tuple[str, ...]


class ListedApp(Message):
    """One line in a list of apps."""

    app_key: str
    partner_id: str
    name: str
    status: Status
    payment_model: PaymentModel
    version: str
    """The newest one."""


class ListedApps(Message):
    """The answer to PartnerListings and SubmittedListings."""

    apps: tuple[ListedApp, ...]


class ListedVersion(Message):
    """One version of a listing."""

    build: int
    version: str
    visibility: Visibility
    beta: bool
    payment_model: PaymentModel
    descriptor_url: str
    """From here it was fetched."""
    descriptor_link: str
    """From here sites install it, a private one unlicensed."""


class ListingView(Details):
    """The answer to Listing."""

    app_key: str
    partner_id: str
    name: str
    status: Status
    payment_model: PaymentModel
    hosting: str
    compatible_to: str = "Any"
    descriptor_url: str
    versions: tuple[ListedVersion, ...]


class Partner(Query, service="listing", key="partner_id", answer=PartnerView):
    """An organisation with its members, for its members."""

    partner_id: PartnerId


class PartnerListings(Query, service="listing", key="partner_id", answer=ListedApps):
    """All apps of an organisation, for its members."""

    partner_id: PartnerId


class Listing(Query, service="listing", key="app_key", answer=ListingView):
    """An app as the marketplace shows it; what isn't public only to members of its partner."""

    app_key: AppKey


class SubmittedListings(Query, service="listing", key=None, answer=ListedApps):
    """The listings that wait for approval, for operators."""


class ReadDescriptor(Query, service="listing", key=None, answer=DescriptorView):
    """What the descriptor behind a URL says, or all that is wrong with it; nothing is kept."""

    url: Url
