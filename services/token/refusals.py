"""The rules of the token service, each as the refusal that names it."""

from shared.errors import Refusal


class TokenLimitReached(Refusal, hint="remove one first", then="RemoveToken"):
    """{app_key} has {limit} active tokens, and no app may have more."""


class ListingNotPrivate(Refusal, hint="tokens are for private listings"):
    """New tokens are made only while {app_key} is listed privately and hosted in the cloud."""


class UnknownToken(Refusal, hint="list them", then="ListTokens"):
    """{app_key} never had a token {token_id}."""


class TokenInvalid(Refusal, hint="copy the whole token, from gl_ to its end"):
    """That is no token of {app_key}."""


class TokenRemoved(Refusal, hint="ask the app's partner for another token"):
    """Token {token_id} of {app_key} was removed."""


class TokenBoundToOtherSite(Refusal, hint="ask the app's partner for another token"):
    """Token {token_id} of {app_key} was applied on another site, and is bound to it for ever."""
