"""Partner: what the token service knows of an organisation."""

from services.token.events import MembersSeen
from shared.aggregate import Aggregate
from shared.messages import Event


class Partner(Aggregate):
    """Who may make and remove tokens."""

    KIND = "copy/partner"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.members: frozenset[str] = frozenset()

    def see(self, members: frozenset[str]) -> None:
        """Take over who the members are."""
        self.record(MembersSeen(partner_id=self.key, members=tuple(sorted(members))))

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case MembersSeen():
                self.members = frozenset(event.members)
