"""The aggregates of the token service."""

from services.token.domain.partner import Partner
from services.token.domain.site import Site
from services.token.domain.tokens import LIMIT, AppTokens, Rules, Token

__all__ = ["LIMIT", "AppTokens", "Partner", "Rules", "Site", "Token"]
