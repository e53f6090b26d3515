"""The shapes in which the Marketplace's REST API 3 tells apps, versions and access tokens.

Its examples: https://developer.atlassian.com/platform/marketplace/rest/v4/api-group-app-software/
and …/api-group-app-version-listing/
What it tells of and isn't known here is left out.
"""

from typing import Literal

from pydantic import AwareDatetime

from services.gateway.shape import Shape
from services.listing.commands import PaymentModel, Visibility
from services.listing.queries import ListedVersion, ListingView, Status
from services.token.commands import Links
from services.token.queries import TokenView

PREFIX = "/rest/3/app-software"


class AppSoftware(Shape):
    """An app as it is hosted; it has one hosting here, and its id is its key."""

    app_software_id: str
    hosting: str


class Token(Shape):
    """An access token; `cloud_id` and `instance`, the site's id, once it was applied."""

    token: str
    cloud_id: str | None = None
    instance: str | None = None
    token_id: int
    note: str | None = None
    status: Literal["unused", "applied", "cleared"] = "unused"
    created_at: AwareDatetime | None = None
    applied_at: AwareDatetime | None = None
    links: Links

    @classmethod
    def of(cls, view: TokenView) -> "Token":
        """A token as its partner sees it."""
        return cls(instance=view.site_id, **view.model_dump(exclude={"site_id", "maker"}))


class Tokens(Shape):
    """The active tokens of an app."""

    tokens: list[Token]


class Attributes(Shape):
    """Where an app's descriptor is, and from where sites install this version."""

    descriptor_url: str
    descriptor_link: str


class Framework(Shape):
    """What an app is made with."""

    framework_id: str = "connect"
    attributes: Attributes


class Compatibility(Shape):
    """For which product it is."""

    parent_software_id: str


class Version(Shape):
    """One version of an app."""

    build_number: int
    version_number: str
    compatibilities: list[Compatibility]
    supported_payment_model: PaymentModel
    framework_details: Framework
    beta: bool
    state: Literal["active"] = "active"
    visibility: Visibility

    @classmethod
    def of(cls, listing: ListingView, row: ListedVersion) -> "Version":
        """A version as its partner sees it."""
        product = listing.product
        return cls(
            build_number=row.build,
            version_number=row.version,
            compatibilities=[Compatibility(parent_software_id=product)] if product else [],
            supported_payment_model=row.payment_model,
            framework_details=Framework(
                attributes=Attributes(
                    descriptor_url=row.descriptor_url, descriptor_link=row.descriptor_link
                )
            ),
            beta=row.beta,
            visibility=row.visibility,
        )


class Pages(Shape):
    """This page, and the next one if there is more."""

    self: str
    next: str | None = None


class Versions(Shape):
    """Some versions, the newest first."""

    links: Pages
    versions: list[Version]
    total_count: int


class VersionListing(Shape):
    """How the marketplace shows a version; all versions of an app share its texts."""

    build_number: int
    version_number: str
    state: Literal["PRIVATE", "PUBLIC"]
    approval_status: Status
    name: str
    summary: str | None
    more_details: str | None
    categories: tuple[str, ...]
    support_contact: str | None
    documentation: str | None
    terms: str | None
    privacy: str | None

    @classmethod
    def of(cls, listing: ListingView, row: ListedVersion) -> "VersionListing":
        """The listing of a version."""
        return cls(
            build_number=row.build,
            version_number=row.version,
            state="PRIVATE" if row.visibility == "private" else "PUBLIC",
            approval_status=listing.status,
            name=listing.name,
            summary=listing.summary,
            more_details=listing.description,
            categories=listing.categories or (),
            support_contact=listing.support_contact,
            documentation=listing.documentation,
            terms=listing.terms,
            privacy=listing.privacy,
        )
