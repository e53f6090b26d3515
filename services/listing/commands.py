"""What may be asked of the listing service."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.messages import Command, Message
from shared.names import AccountId, AppKey, PartnerId

Visibility = Literal["private", "public"]
PaymentModel = Literal["free", "paid-via-atlassian", "paid-via-vendor"]
Product = Literal["jira", "confluence"]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Build = Annotated[int, Field(ge=1)]
"""The number of a version within its listing."""


class Details(Message):
    """What a listing tells about its app. All texts are optional while it is private."""

    product: Product | None = None
    minimum_version: Line | None = None
    summary: Line | None = None
    description: Text | None = None
    categories: tuple[Line, ...] | None = None
    support_contact: Line | None = None
    documentation: Url | None = None
    terms: Url | None = None
    privacy: Url | None = None


class RegisterPartner(Command, service="listing", key="partner_id"):
    """Found an organisation that lists apps; whoever asks becomes its first member."""

    partner_id: PartnerId
    organisation: Line
    email: Line | None = None
    url: Url | None = None
    address: Line | None = None


class ChangeContact(Command, service="listing", key="partner_id"):
    """Change how an organisation is called and reached; what is left out stays."""

    partner_id: PartnerId
    organisation: Line | None = None
    email: Line | None = None
    url: Url | None = None
    address: Line | None = None


class AddMember(Command, service="listing", key="partner_id"):
    """Let one more account act for an organisation."""

    partner_id: PartnerId
    account: AccountId


class RemoveMember(Command, service="listing", key="partner_id"):
    """Let an account no longer act for an organisation; the last one stays."""

    partner_id: PartnerId
    account: AccountId


class PublishApp(Details, Command, service="listing", key="app_key"):
    """List an app with its first version, described by the descriptor at `descriptor_url`.

    A public listing is submitted: it is public once an operator approves it.
    """

    app_key: AppKey
    partner_id: PartnerId
    descriptor_url: Url
    visibility: Visibility
    payment_model: PaymentModel
    hosting: Line = "cloud"
    compatible_to: Line = "Any"
    version_visibility: Visibility | None = None
    """That of the listing unless it is given."""
    beta: bool = False


class EditListing(Details, Command, service="listing", key="app_key"):
    """Change what a listing tells; what is left out stays."""

    app_key: AppKey
    hosting: Line = "cloud"
    compatible_to: Line = "Any"


class MakePrivate(Command, service="listing", key="app_key"):
    """Take a listing and all its versions out of sight."""

    app_key: AppKey


class SubmitForPublic(Command, service="listing", key="app_key"):
    """Ask for a listing to become public."""

    app_key: AppKey


class Approve(Command, service="listing", key="app_key"):
    """Let a submitted listing be public. For operators."""

    app_key: AppKey


class Reject(Command, service="listing", key="app_key"):
    """Keep a submitted listing from becoming public. For operators."""

    app_key: AppKey
    reason: Line


class PublishVersion(Command, service="listing", key="app_key"):
    """Fetch the descriptor again and publish what changed as another version."""

    app_key: AppKey
    descriptor_url: Url | None = None
    """A new place of the descriptor; the old one unless it is given."""
    visibility: Visibility | None = None
    """Private beneath a private listing, else public unless it is given."""
    beta: bool = False
    payment_model: PaymentModel | None = None


class SetVersionVisibility(Command, service="listing", key="app_key"):
    """Show or hide a version; beneath a private listing none is public."""

    app_key: AppKey
    build: Build
    visibility: Visibility


class SetBeta(Command, service="listing", key="app_key"):
    """Mark a version as one for testing, or no longer."""

    app_key: AppKey
    build: Build
    beta: bool
