"""The kinds of aggregates that each service has."""

from services.installation.domain import App, Properties, Site
from services.listing.domain import Listing, Partner
from services.token.domain import AppTokens
from services.token.domain import Partner as KnownPartner
from services.token.domain import Site as KnownSite
from shared.aggregate import Aggregate

KINDS: dict[str, tuple[type[Aggregate], ...]] = {
    "listing": (Listing, Partner),
    "token": (AppTokens, KnownPartner, KnownSite),
    "installation": (App, Properties, Site),
}
"""By service."""


def begin(service: str, aggregate: str) -> Aggregate:
    """An aggregate before anything happened; raises LookupError when there is no such kind."""
    for kind in KINDS[service]:
        prefix = kind.id_of("")
        if aggregate.startswith(prefix):
            return kind(aggregate.removeprefix(prefix))
    raise LookupError(f"{service} has no aggregates as {aggregate}")
