"""Who asks: an account that signs in on each request, by its password (HTTP Basic) or an API key.

A key stands in place of the password too, for programs that know Basic alone (RFC 7617, 6750).
"""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request, Security
from fastapi.requests import HTTPConnection
from fastapi.security import (
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
    SecurityScopes,
)

from services.accounts import SignedIn
from services.api_keys import PREFIX
from services.gateway.door import Door
from services.gateway.problems import NotDone, Problem, only_here, refused
from shared.errors import NotAnOperator

_REFUSED = Problem(
    status=401,
    code="not-authenticated",
    detail="that is no account with its password or a good API key of it",
    hint="an operator makes accounts and keys: guestlist account, guestlist api-key",
)


class _Basic(HTTPBasic):
    """The library raises an error of its own for what it can't read; here nobody asks then."""

    async def __call__(  # type: ignore[override]
        self, request: HTTPConnection
    ) -> HTTPBasicCredentials | None:
        try:
            return await super().__call__(request)
        except HTTPException:
            return None


_READING = ("GET", "HEAD", "OPTIONS")
_BASIC = _Basic(scheme_name="account", auto_error=False)
_BEARER = HTTPBearer(scheme_name="key", auto_error=False)


def _is_of_another_page(request: Request) -> bool:
    """Whether a browser asks because of another site's page, with a password that it knows.

    Source: Fetch Metadata Request Headers of the W3C; `Origin` where a browser doesn't tell those.
    """
    told = request.headers.get("sec-fetch-site")
    if told is not None:
        return told not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.url.netloc


async def _signed_in(
    request: Request,
    basic: Annotated[HTTPBasicCredentials | None, Depends(_BASIC)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> SignedIn:
    if request.method not in _READING and _is_of_another_page(request):
        raise only_here("cross-site")
    door: Door = request.app.state.door
    who: SignedIn | None = None
    if bearer is not None:
        who = await door.by_key(bearer.credentials)
    elif basic is not None and basic.password.startswith(PREFIX):
        who = await door.by_key(basic.password)
        who = who if who and who.account == basic.username else None
    elif basic is not None:
        who = await door.by_password(basic.username, basic.password)
    if who is None:
        raise NotDone(_REFUSED, scheme='Basic realm="Guestlist"')
    return who


async def _caller(wanted: SecurityScopes, who: Annotated[SignedIn, Depends(_signed_in)]) -> str:
    for scope in wanted.scopes:
        if scope not in who.grants:
            raise only_here(
                "scope-missing", f"the API key, or the role of {who.account}, isn't for {scope}"
            )
    return who.account


SiteReader = Annotated[str, Security(_caller, scopes=["sites:read"])]
SiteWriter = Annotated[str, Security(_caller, scopes=["sites:write"])]
AppReader = Annotated[str, Security(_caller, scopes=["apps:read"])]
AppWriter = Annotated[str, Security(_caller, scopes=["apps:write"])]
"""Parameters of routes that accounts may ask; the domain decides what each one may."""


async def _operator(
    request: Request, caller: Annotated[str, Security(_caller, scopes=["metrics:read"])]
) -> str:
    operators: tuple[str, ...] = request.app.state.operators
    if caller not in operators:
        raise refused(NotAnOperator())
    return caller


Operator = Annotated[str, Depends(_operator)]
"""A parameter of a route that only operators may ask."""
