"""Partner: the accounts that act for an organisation."""

from services.listing import refusals
from services.listing.commands import AddMember, ChangeContact, RegisterPartner, RemoveMember
from services.listing.domain.changes import differing, told
from services.listing.events import (
    MemberAdded,
    MemberRemoved,
    PartnerContactChanged,
    PartnerRegistered,
)
from services.listing.queries import Contact
from shared.aggregate import Aggregate
from shared.errors import NotAMember, UnknownPartner
from shared.messages import Event


class Partner(Aggregate):
    """An organisation that lists apps, and the accounts that act for it."""

    KIND = "partner"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.contact = Contact()
        self.members: frozenset[str] = frozenset()

    def register(self, asked: RegisterPartner, member: str) -> None:
        """Found the organisation; raises PartnerExists."""
        if self.version:
            raise refusals.PartnerExists(partner_id=self.key)
        self.record(PartnerRegistered(**asked.model_dump(), member=member))

    def require_member(self, account: str) -> None:
        """Raises UnknownPartner or NotAMember."""
        if not self.version:
            raise UnknownPartner(partner_id=self.key)
        if account not in self.members:
            raise NotAMember(partner_id=self.key)

    def change_contact(self, asked: ChangeContact) -> None:
        """Take over what differs; again without effect."""
        if changed := differing(asked, self.contact):
            self.record(PartnerContactChanged(partner_id=self.key, **changed))

    def add(self, asked: AddMember) -> None:
        """Let an account act for the organisation; again without effect."""
        if asked.account not in self.members:
            self.record(MemberAdded(**asked.model_dump()))

    def remove(self, asked: RemoveMember) -> None:
        """Let an account no longer act for it, again without effect; raises LastMember."""
        if self.members == {asked.account}:
            raise refusals.LastMember(**asked.model_dump())
        if asked.account in self.members:
            self.record(MemberRemoved(**asked.model_dump()))

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case PartnerRegistered():
                self.contact = Contact(**told(event, Contact))
                self.members = frozenset({event.member})
            case PartnerContactChanged():
                self.contact = self.contact.model_copy(update=told(event, Contact))
            case MemberAdded():
                self.members |= {event.account}
            case MemberRemoved():
                self.members -= {event.account}
