"""What may be asked of the token service."""

from typing import Annotated

from pydantic import Field, StringConstraints

from shared.messages import Command, Message
from shared.names import AppKey, SiteId

Note = Annotated[str, StringConstraints(max_length=200)]
TokenText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
TokenId = Annotated[int, Field(ge=1)]
"""The number of a token within its app."""


class Links(Message):
    """Installation URLs with the token in them."""

    private: str | None = None
    """For the newest private version."""
    public: str | None = None
    """For the newest public version."""


class CreatedToken(Message):
    """The result of CreateToken."""

    token_id: int
    token: str
    links: Links


class AppliedToken(Message):
    """The result of ApplyToken."""

    token_id: int


class CreateToken(Command, service="token", key="app_key", result=CreatedToken):
    """Make an access token for a private, cloud-hosted app."""

    app_key: AppKey
    note: Note | None = None


class RemoveToken(Command, service="token", key="app_key"):
    """Remove a token for ever; where it was applied the app is unlicensed from then on."""

    app_key: AppKey
    token_id: TokenId


class SetTokenNote(Command, service="token", key="app_key"):
    """Say what a token is for; without a note it says nothing."""

    app_key: AppKey
    token_id: TokenId
    note: Note | None = None


class ApplyToken(Command, service="token", key="app_key", secret="token", result=AppliedToken):
    """Bind a token to a site for ever. Asked by the installation service."""

    app_key: AppKey
    token: TokenText
    site_id: SiteId
