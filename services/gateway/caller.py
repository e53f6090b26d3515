"""Who asks: an account that signs in with its password on each request (HTTP Basic, RFC 7617)."""

import asyncio
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from services.accounts import Accounts
from services.gateway.problems import NotDone, Problem

_BASIC = HTTPBasic(realm="Guestlist", auto_error=False)
_REFUSED = Problem(
    status=401,
    code="not-authenticated",
    detail="that is no account with its password",
    hint="an operator makes accounts: guestlist account add NAME",
)


async def _caller(
    request: Request, signed: Annotated[HTTPBasicCredentials | None, Depends(_BASIC)]
) -> str:
    accounts: Accounts = request.app.state.accounts
    if signed is None or not await asyncio.to_thread(
        accounts.admits, signed.username, signed.password
    ):
        raise NotDone(_REFUSED, scheme='Basic realm="Guestlist", charset="UTF-8"')
    return signed.username


Caller = Annotated[str, Depends(_caller)]
"""A parameter of a route that only accounts may ask; the domain decides what each one may."""
