"""Listing: an app in the marketplace, who may see it, and its versions."""

from dataclasses import dataclass, replace
from typing import Any

from services.listing import refusals
from services.listing.commands import (
    Details,
    EditListing,
    PaymentModel,
    PublishApp,
    PublishVersion,
    Visibility,
)
from services.listing.domain import versions
from services.listing.domain.changes import differing, told
from services.listing.domain.partner import Partner
from services.listing.events import (
    ListingApproved,
    ListingCreated,
    ListingDetailsChanged,
    ListingMadePrivate,
    ListingRejected,
    ListingSubmitted,
    VersionBetaChanged,
    VersionPublished,
    VersionVisibilityChanged,
)
from services.listing.queries import Status
from shared.aggregate import Aggregate
from shared.descriptor import Descriptor
from shared.errors import BadRequest, NotAMember, UnknownApp
from shared.messages import Event
from shared.names import fold

NEEDED = (
    *("summary", "description", "categories", "support_contact"),
    *("documentation", "terms", "privacy"),
)
"""What a listing has to tell before it can be public."""


@dataclass(frozen=True)
class Version:
    """One state of an app, as it stands now."""

    published: VersionPublished
    visibility: Visibility
    beta: bool


class Listing(Aggregate):
    """An app in the marketplace, with its versions."""

    KIND = "listing"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.created: ListingCreated | None = None
        self.status: Status = "private"
        self.details = Details()
        self.payment_model: PaymentModel = "free"
        self.descriptor_url = ""
        self.versions: dict[int, Version] = {}

    def labels(self) -> frozenset[str]:
        """A listing is found by its partner and by where it stands."""
        if self.created is None:
            return frozenset()
        return frozenset({f"partner:{self.created.partner_id}", f"status:{self.status}"})

    @property
    def newest(self) -> VersionPublished:
        """The version that was published last; a listing that was created has one."""
        return self.versions[max(self.versions)].published

    def require_created(self) -> ListingCreated:
        """What was listed; raises UnknownApp."""
        if self.created is None:
            raise UnknownApp(app_key=self.key)
        return self.created

    def require_member(self, partner: Partner, account: str) -> None:
        """Raises NotAMember, or UnknownApp where that would tell too much."""
        if account not in partner.members:
            self.require_public()
            raise NotAMember(partner_id=partner.key)

    def require_public(self) -> None:
        """Raises UnknownApp: what isn't public is unknown to strangers."""
        if self.created is None or self.status != "public":
            raise UnknownApp(app_key=self.key)

    def check(self, asked: PublishApp) -> None:
        """Refuse what needs no look at the descriptor.

        Raises KeyTaken, PaidViaVendorNotForConnect, HostingNotCloud, CompatibleToFixed,
        ListingIsPrivate or ListingIncomplete.
        """
        if self.created:
            raise refusals.KeyTaken(app_key=asked.app_key)
        _check_payment(asked.payment_model)
        _check_fixed(asked)
        if asked.visibility == "private" and asked.version_visibility == "public":
            raise refusals.ListingIsPrivate
        if asked.visibility == "public":
            _check_complete(asked)

    def publish(self, asked: PublishApp, descriptor: Descriptor) -> None:
        """Create the listing with its first version; raises KeyMismatch, LicensingNotEnabled."""
        if fold(descriptor.key) != self.key:
            raise refusals.KeyMismatch(app_key=asked.app_key, descriptor_key=descriptor.key)
        _check_licensing(asked.payment_model, descriptor)
        self.record(
            ListingCreated(
                app_key=descriptor.key,
                partner_id=asked.partner_id,
                name=descriptor.name,
                visibility=asked.visibility,
                payment_model=asked.payment_model,
                hosting=asked.hosting,
                descriptor_url=asked.descriptor_url,
                **told(asked, Details),
            )
        )
        visibility = asked.version_visibility or asked.visibility
        self._publish(
            descriptor,
            version=versions.first(descriptor),
            change="major",
            visibility=visibility,
            beta=asked.beta,
            payment_model=asked.payment_model,
            descriptor_url=asked.descriptor_url,
        )
        if asked.visibility == "public":
            self.record(ListingSubmitted(app_key=descriptor.key))

    def edit(self, asked: EditListing) -> None:
        """Take over what differs, again without effect; raises HostingNotCloud, …Fixed."""
        _check_fixed(asked)
        if changed := differing(asked, self.details):
            self.record(ListingDetailsChanged(app_key=self._app_key, **changed))

    def make_private(self) -> None:
        """Take the listing and all its versions out of sight; again without effect."""
        if self.status != "private":
            builds = [build for build, row in self.versions.items() if row.visibility == "public"]
            self.record(ListingMadePrivate(app_key=self._app_key, builds=tuple(builds)))

    def submit(self) -> None:
        """Ask for approval, again without effect; raises ListingIncomplete."""
        if self.status in ("private", "rejected"):
            _check_complete(self.details)
            self.record(ListingSubmitted(app_key=self._app_key))

    def approve(self) -> None:
        """Become public; raises NotSubmitted."""
        self._require_submitted()
        self.record(ListingApproved(app_key=self._app_key))

    def reject(self, reason: str) -> None:
        """Don't become public; raises NotSubmitted."""
        self._require_submitted()
        self.record(ListingRejected(app_key=self._app_key, reason=reason))

    def check_version(self, asked: PublishVersion) -> None:
        """Refuse what needs no look at the descriptor; raises ListingIsPrivate, PaidVia…."""
        if asked.payment_model is not None:
            _check_payment(asked.payment_model)
        self._require_room_for(asked.visibility)

    def publish_version(self, asked: PublishVersion, descriptor: Descriptor) -> None:
        """Add what changed as another version; a public listing may have to be approved anew.

        Raises LicensingNotEnabled and what `versions.following` raises.
        """
        before = self.newest
        payment_model = asked.payment_model or self.payment_model
        _check_licensing(payment_model, descriptor)
        version, change = versions.following(before, descriptor, payment_model)
        usual: Visibility = "private" if self.status == "private" else "public"
        moved = descriptor.base_url != before.base_url
        if self.status == "public" and (moved or payment_model != before.payment_model):
            self.record(ListingSubmitted(app_key=self._app_key))  # before anybody sees the version
        self._publish(
            descriptor,
            version=version,
            change=change,
            visibility=asked.visibility or usual,
            beta=asked.beta,
            payment_model=payment_model,
            descriptor_url=asked.descriptor_url or self.descriptor_url,
        )

    def set_visibility(self, build: int, visibility: Visibility) -> None:
        """Show or hide a version, again without effect; raises BadRequest, ListingIsPrivate."""
        version = self._version(build)
        self._require_room_for(visibility)
        if version.visibility != visibility:
            self.record(
                VersionVisibilityChanged(app_key=self._app_key, build=build, visibility=visibility)
            )

    def set_beta(self, build: int, beta: bool) -> None:
        """Mark a version as one for testing, again without effect; raises BadRequest."""
        if self._version(build).beta != beta:
            self.record(VersionBetaChanged(app_key=self._app_key, build=build, beta=beta))

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case ListingCreated():
                self.created = event
                self.details = Details(**told(event, Details))
            case ListingDetailsChanged():
                self.details = self.details.model_copy(update=told(event, Details))
            case ListingSubmitted():
                self.status = "submitted"
            case ListingApproved():
                self.status = "public"
            case ListingRejected():
                self.status = "rejected"
            case ListingMadePrivate():
                self.status = "private"
                for build in event.builds:
                    self._change(build, visibility="private")
            case VersionPublished():
                self.payment_model, self.descriptor_url = event.payment_model, event.descriptor_url
                self.versions[event.build] = Version(event, event.visibility, event.beta)
            case VersionVisibilityChanged():
                self._change(event.build, visibility=event.visibility)
            case VersionBetaChanged():
                self._change(event.build, beta=event.beta)

    @property
    def _app_key(self) -> str:
        return self.key if self.created is None else self.created.app_key

    def _version(self, build: int) -> Version:
        if build not in self.versions:
            raise BadRequest(reason=f"build: {self.key} has no build {build}")
        return self.versions[build]

    def _require_submitted(self) -> None:
        if self.status != "submitted":
            raise refusals.NotSubmitted(app_key=self.key)

    def _require_room_for(self, visibility: Visibility | None) -> None:
        if visibility == "public" and self.status == "private":
            raise refusals.ListingIsPrivate

    def _publish(self, descriptor: Descriptor, **told: Any) -> None:
        self.record(
            VersionPublished(
                app_key=descriptor.key,
                build=max(self.versions, default=0) + 1,
                authentication=descriptor.authentication,
                base_url=descriptor.base_url,
                licensing=descriptor.licensing,
                descriptor=descriptor.content,
                **told,
            )
        )

    def _change(self, build: int, **fields: Any) -> None:
        if build in self.versions:
            self.versions[build] = replace(self.versions[build], **fields)


def _check_payment(payment_model: PaymentModel) -> None:
    if payment_model == "paid-via-vendor":
        raise refusals.PaidViaVendorNotForConnect


def _check_fixed(asked: PublishApp | EditListing) -> None:
    if asked.hosting != "cloud":
        raise refusals.HostingNotCloud(hosting=asked.hosting)
    if asked.compatible_to != "Any":
        raise refusals.CompatibleToFixed(compatible_to=asked.compatible_to)


def _check_complete(told: Details) -> None:
    if missing := [name for name in NEEDED if not getattr(told, name)]:
        raise refusals.ListingIncomplete(missing=", ".join(missing))


def _check_licensing(payment_model: PaymentModel, descriptor: Descriptor) -> None:
    if payment_model != "free" and not descriptor.licensing:
        raise refusals.LicensingNotEnabled
