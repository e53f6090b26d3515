"""How each command of the token service is decided."""

from typing import Self

from services.token.commands import (
    AppliedToken,
    ApplyToken,
    CreatedToken,
    CreateToken,
    RemoveToken,
    SetTokenNote,
)
from services.token.domain import LIMIT, AppTokens, Partner, Rules
from services.token.refusals import TokenInvalid
from shared.handlers import Context
from shared.keys import Keys
from shared.settings import Settings


class Handlers:
    """One method a command."""

    def __init__(self, keys: Keys, public_url: str, rules: Rules) -> None:
        self._keys = keys
        self._public_url = public_url
        self._rules = rules

    @classmethod
    def of(cls, settings: Settings, keys: Keys) -> Self:
        """As the service has them."""
        test = settings.test
        limit = LIMIT if test is None else test.token_limit or LIMIT
        binding = test is None or test.binding
        return cls(keys, settings.public_url, Rules(limit=limit, binding=binding))

    def create_token(
        self, command: CreateToken, tokens: AppTokens, context: Context
    ) -> CreatedToken:
        """A member makes a token; its text is derived and stored nowhere."""
        _require_member(tokens, context)
        token_id = tokens.create(context.actor, command.note, context.now, self._rules)
        token = self._keys.token(tokens.key, token_id)
        return CreatedToken(
            token_id=token_id, token=token, links=tokens.links(self._public_url, token)
        )

    def remove_token(self, command: RemoveToken, tokens: AppTokens, context: Context) -> None:
        """A member removes a token."""
        _require_member(tokens, context)
        tokens.remove(command.token_id)

    def set_token_note(self, command: SetTokenNote, tokens: AppTokens, context: Context) -> None:
        """A member says what a token is for."""
        _require_member(tokens, context)
        tokens.set_note(command.token_id, command.note)

    def apply_token(self, command: ApplyToken, tokens: AppTokens, context: Context) -> AppliedToken:
        """Whoever shows a genuine token may apply it; unknown and wrong ones look the same."""
        token_id = self._keys.number(tokens.key, command.token)
        if token_id is None or token_id > tokens.given:
            raise TokenInvalid(app_key=tokens.key)
        tokens.apply(token_id, command.site_id, context.now, self._rules)
        return AppliedToken(token_id=token_id)


def _require_member(tokens: AppTokens, context: Context) -> None:
    partner = context.read(Partner, tokens.require_listed().partner_id)
    tokens.require_member(partner, context.actor)
