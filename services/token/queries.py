"""What may be read of the token service."""

from typing import Literal

from services.token.commands import Links
from shared.messages import Message, Query
from shared.names import AppKey, Timestamp


class TokenView(Message):
    """One active token."""

    token_id: int
    token: str
    links: Links
    note: str | None
    maker: str
    created_at: Timestamp
    status: Literal["unused", "applied", "cleared"]
    site_id: str | None
    cloud_id: str | None
    """What the site is known by."""
    applied_at: Timestamp | None


class TokenList(Message):
    """The answer to ListTokens."""

    app_key: str
    tokens: tuple[TokenView, ...]


class ListTokens(Query, service="token", key="app_key", answer=TokenList):
    """The active tokens of an app, for members of its partner."""

    app_key: AppKey
