"""The aggregates of the listing service."""

from services.listing.domain.listing import Listing, Version
from services.listing.domain.partner import Partner

__all__ = ["Listing", "Partner", "Version"]
