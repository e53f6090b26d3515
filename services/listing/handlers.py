"""How each command of the listing service is decided."""

from collections.abc import Collection
from typing import Self

from services.listing.commands import (
    AddMember,
    Approve,
    ChangeContact,
    EditListing,
    MakePrivate,
    PublishApp,
    PublishVersion,
    RegisterPartner,
    Reject,
    RemoveMember,
    SetBeta,
    SetVersionVisibility,
    SubmitForPublic,
)
from services.listing.domain import Listing, Partner
from services.listing.needs import FetchDescriptor
from shared.errors import NotAnOperator
from shared.handlers import Context
from shared.keys import Keys
from shared.settings import Settings


class Handlers:
    """One method a command."""

    def __init__(self, operators: Collection[str]) -> None:
        self._operators = operators

    @classmethod
    def of(cls, settings: Settings, keys: Keys | None = None) -> Self:
        """As the service has them; keys are not needed."""
        del keys
        return cls(settings.operators)

    def register_partner(
        self, command: RegisterPartner, partner: Partner, context: Context
    ) -> None:
        """Any account may register a partner."""
        partner.register(command, context.actor)

    def change_contact(self, command: ChangeContact, partner: Partner, context: Context) -> None:
        """A member changes how the organisation is reached."""
        partner.require_member(context.actor)
        partner.change_contact(command)

    def add_member(self, command: AddMember, partner: Partner, context: Context) -> None:
        """A member lets another account in."""
        partner.require_member(context.actor)
        partner.add(command)

    def remove_member(self, command: RemoveMember, partner: Partner, context: Context) -> None:
        """A member lets an account go, the own one too."""
        partner.require_member(context.actor)
        partner.remove(command)

    def publish_app(self, command: PublishApp, listing: Listing, context: Context) -> None:
        """A member publishes; the descriptor is fetched once nothing else is in the way."""
        context.read(Partner, command.partner_id).require_member(context.actor)
        listing.check(command)
        descriptor = context.need(FetchDescriptor(command.descriptor_url))
        listing.publish(command, descriptor)

    def edit_listing(self, command: EditListing, listing: Listing, context: Context) -> None:
        """A member changes what the listing tells."""
        _require_member(listing, context)
        listing.edit(command)

    def make_private(self, command: MakePrivate, listing: Listing, context: Context) -> None:
        """A member takes the listing out of sight; nobody approves that."""
        del command
        _require_member(listing, context)
        listing.make_private()

    def submit_for_public(
        self, command: SubmitForPublic, listing: Listing, context: Context
    ) -> None:
        """A member asks for approval."""
        del command
        _require_member(listing, context)
        listing.submit()

    def approve(self, command: Approve, listing: Listing, context: Context) -> None:
        """An operator lets the listing be public."""
        del command
        self._require_operator(listing, context)
        listing.approve()

    def reject(self, command: Reject, listing: Listing, context: Context) -> None:
        """An operator keeps the listing from becoming public."""
        self._require_operator(listing, context)
        listing.reject(command.reason)

    def publish_version(self, command: PublishVersion, listing: Listing, context: Context) -> None:
        """A member publishes what the descriptor says now."""
        _require_member(listing, context)
        listing.check_version(command)
        url = command.descriptor_url or listing.descriptor_url
        descriptor = context.need(FetchDescriptor(url))
        listing.publish_version(command, descriptor)

    def set_version_visibility(
        self, command: SetVersionVisibility, listing: Listing, context: Context
    ) -> None:
        """A member shows or hides a version."""
        _require_member(listing, context)
        listing.set_visibility(command.build, command.visibility)

    def set_beta(self, command: SetBeta, listing: Listing, context: Context) -> None:
        """A member marks a version."""
        _require_member(listing, context)
        listing.set_beta(command.build, command.beta)

    def _require_operator(self, listing: Listing, context: Context) -> None:
        created = listing.require_created()
        if context.actor not in self._operators:
            if context.actor not in context.read(Partner, created.partner_id).members:
                listing.require_public()
            raise NotAnOperator


def _require_member(listing: Listing, context: Context) -> None:
    created = listing.require_created()
    listing.require_member(context.read(Partner, created.partner_id), context.actor)
