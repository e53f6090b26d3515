"""What can have happened in the listing service."""

from typing import Literal

from pydantic import JsonValue

from services.listing.commands import PaymentModel, Visibility
from shared.messages import Event


class PartnerRegistered(
    Event, topic="listing.PartnerRegistered", line="{organisation} registered as {partner_id}"
):
    """An organisation may list apps; `member` is the account that registered it."""

    partner_id: str
    organisation: str
    email: str | None = None
    url: str | None = None
    address: str | None = None
    member: str


class ListingCreated(
    Event, topic="listing.ListingCreated", line="{app_key} listed by {partner_id}, {visibility}"
):
    """An app has a place in the marketplace."""

    app_key: str
    partner_id: str
    name: str
    visibility: Visibility
    payment_model: PaymentModel
    hosting: str
    product: str | None = None
    descriptor_url: str


class VersionPublished(
    Event, topic="listing.VersionPublished", line="{app_key} {version} published, {visibility}"
):
    """A listing has another version. `build` counts the versions of a listing from 1."""

    app_key: str
    build: int
    version: str
    visibility: Visibility
    authentication: Literal["jwt", "none"]
    base_url: str
    licensing: bool
    descriptor: dict[str, JsonValue]
