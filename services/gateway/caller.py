"""Who asks: an account that signs in with its password on each request (HTTP Basic, RFC 7617)."""

import asyncio
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.requests import HTTPConnection
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from services.accounts import Accounts
from services.gateway.problems import NotDone, Problem, refused
from shared.errors import NotAnOperator

_REFUSED = Problem(
    status=401,
    code="not-authenticated",
    detail="that is no account with its password",
    hint="an operator makes accounts: guestlist account add NAME",
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


_BASIC = _Basic(scheme_name="account", auto_error=False)


async def _caller(
    request: Request, signed: Annotated[HTTPBasicCredentials | None, Depends(_BASIC)]
) -> str:
    accounts: Accounts = request.app.state.accounts
    if signed is None or not await asyncio.to_thread(
        accounts.admits, signed.username, signed.password
    ):
        raise NotDone(_REFUSED, scheme='Basic realm="Guestlist"')
    return signed.username


Caller = Annotated[str, Depends(_caller)]
"""A parameter of a route that only accounts may ask; the domain decides what each one may."""


async def _operator(request: Request, caller: Caller) -> str:
    operators: tuple[str, ...] = request.app.state.operators
    if caller not in operators:
        raise refused(NotAnOperator())
    return caller


Operator = Annotated[str, Depends(_operator)]
"""A parameter of a route that only operators may ask."""
