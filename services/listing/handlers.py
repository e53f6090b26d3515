"""How each command of the listing service is decided."""

from dataclasses import dataclass

from services.listing.commands import PublishApp, RegisterPartner
from services.listing.domain import Listing, Partner
from shared.descriptor import Descriptor
from shared.handlers import Context, Need


@dataclass(frozen=True)
class FetchDescriptor(Need[Descriptor]):
    """The descriptor behind a URL has to be fetched."""

    url: str


class Handlers:
    """One method a command."""

    def register_partner(
        self, command: RegisterPartner, partner: Partner, context: Context
    ) -> None:
        """Any account may register a partner."""
        partner.register(command, context.actor)

    def publish_app(self, command: PublishApp, listing: Listing, context: Context) -> None:
        """A member publishes; the descriptor is fetched once nothing else is in the way."""
        context.read(Partner, command.partner_id).require_member(context.actor)
        listing.check(command)
        descriptor = context.need(FetchDescriptor(command.descriptor_url))
        listing.publish(command, descriptor)
