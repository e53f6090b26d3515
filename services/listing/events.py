"""What can have happened in the listing service."""

from typing import Literal

from pydantic import JsonValue

from services.listing.commands import Details, PaymentModel, Visibility
from shared.messages import Event

Change = Literal["major", "minor", "micro"]
"""How a version differs from the one before; sites approve minor ones before they get them."""


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


class PartnerContactChanged(
    Event, topic="listing.PartnerContactChanged", line="contact of {partner_id} changed"
):
    """An organisation is called or reached otherwise; what is left out stayed."""

    partner_id: str
    organisation: str | None = None
    email: str | None = None
    url: str | None = None
    address: str | None = None


class MemberAdded(Event, topic="listing.MemberAdded", line="{account} acts for {partner_id}"):
    """One more account acts for an organisation."""

    partner_id: str
    account: str


class MemberRemoved(
    Event, topic="listing.MemberRemoved", line="{account} no longer acts for {partner_id}"
):
    """An account no longer acts for an organisation."""

    partner_id: str
    account: str


class ListingCreated(
    Details,
    Event,
    topic="listing.ListingCreated",
    line="{app_key} listed by {partner_id}, {visibility}",
):
    """An app has a place in the marketplace; a public one isn't seen before it is approved."""

    app_key: str
    partner_id: str
    name: str
    visibility: Visibility
    payment_model: PaymentModel
    hosting: str
    descriptor_url: str


class ListingDetailsChanged(
    Details, Event, topic="listing.ListingDetailsChanged", line="listing of {app_key} edited"
):
    """A listing tells something else about its app; what is left out stayed."""

    app_key: str


class ListingSubmitted(
    Event, topic="listing.ListingSubmitted", line="{app_key} submitted for approval"
):
    """A listing waits for an operator, and is not public meanwhile."""

    app_key: str


class ListingApproved(Event, topic="listing.ListingApproved", line="{app_key} is public"):
    """A listing is public."""

    app_key: str


class ListingRejected(Event, topic="listing.ListingRejected", line="{app_key} rejected: {reason}"):
    """A submitted listing doesn't become public."""

    app_key: str
    reason: str


class ListingMadePrivate(Event, topic="listing.ListingMadePrivate", line="{app_key} made private"):
    """A listing is private, and so are all its versions; `builds` were public before."""

    app_key: str
    builds: tuple[int, ...]


class VersionPublished(
    Event, topic="listing.VersionPublished", line="{app_key} {version} published, {visibility}"
):
    """A listing has another version. `build` counts the versions of a listing from 1."""

    app_key: str
    build: int
    version: str
    change: Change
    visibility: Visibility
    beta: bool = False
    payment_model: PaymentModel
    authentication: Literal["jwt", "none"]
    base_url: str
    licensing: bool
    descriptor_url: str
    descriptor: dict[str, JsonValue]


class VersionVisibilityChanged(
    Event,
    topic="listing.VersionVisibilityChanged",
    line="build {build} of {app_key} is {visibility}",
):
    """A version is shown or hidden."""

    app_key: str
    build: int
    visibility: Visibility


class VersionBetaChanged(
    Event, topic="listing.VersionBetaChanged", line="build {build} of {app_key}: beta {beta}"
):
    """A version is for testing only, or no longer."""

    app_key: str
    build: int
    beta: bool
