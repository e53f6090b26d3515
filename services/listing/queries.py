"""What may be read of the listing service."""

from services.listing.commands import PaymentModel, Visibility
from shared.messages import Message, Query
from shared.names import AppKey


class Listing(Query, service="listing", key="app_key"):
    """An app as the marketplace shows it; a private one only to members of its partner."""

    app_key: AppKey


class ListedVersion(Message):
    """One version of a listing."""

    build: int
    version: str
    visibility: Visibility


class ListingView(Message):
    """The answer to Listing."""

    app_key: str
    partner_id: str
    name: str
    visibility: Visibility
    payment_model: PaymentModel
    hosting: str
    product: str | None
    descriptor_url: str
    versions: tuple[ListedVersion, ...]
