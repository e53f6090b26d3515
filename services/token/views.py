"""How each query of the token service is answered."""

from typing import Literal

from services.token.domain import AppTokens, Partner, Site, Token
from services.token.queries import ListTokens, TokenList, TokenView
from shared.handlers import Context
from shared.keys import Keys


class Views:
    """One method a query."""

    def __init__(self, keys: Keys, public_url: str) -> None:
        self._keys = keys
        self._public_url = public_url

    def list_tokens(self, query: ListTokens, tokens: AppTokens, context: Context) -> TokenList:
        """Members see the tokens, made again from their numbers."""
        del query
        partner = context.read(Partner, tokens.require_listed().partner_id)
        tokens.require_member(partner, context.actor)
        views = tuple(self._view(tokens, token, context) for token in tokens.active.values())
        return TokenList(app_key=tokens.key, tokens=views)

    def _view(self, tokens: AppTokens, token: Token, context: Context) -> TokenView:
        text = self._keys.token(tokens.key, token.token_id)
        return TokenView(
            token_id=token.token_id,
            token=text,
            links=tokens.links(self._public_url, text),
            note=token.note,
            maker=token.maker,
            created_at=token.created_at,
            status=_status(token),
            site_id=token.site_id,
            cloud_id=None if token.site_id is None else context.read(Site, token.site_id).cloud_id,
            applied_at=token.applied_at,
        )


def _status(token: Token) -> Literal["unused", "applied", "cleared"]:
    if token.site_id is None:
        return "unused"
    return "cleared" if token.cleared else "applied"
