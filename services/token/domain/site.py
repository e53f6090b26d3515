"""Site: what the token service knows of a site."""

from services.token.events import SiteSeen
from shared.aggregate import Aggregate
from shared.messages import Event


class Site(Aggregate):
    """Where a token may be applied."""

    KIND = "copy/site"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.cloud_id: str | None = None

    def see(self, cloud_id: str) -> None:
        """Take over what the site is known by."""
        self.record(SiteSeen(site_id=self.key, cloud_id=cloud_id))

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case SiteSeen():
                self.cloud_id = event.cloud_id
