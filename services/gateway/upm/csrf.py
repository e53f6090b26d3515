"""The token that a tool has to show when it installs: it proves that the tool read an answer.

A page elsewhere can let a browser send what its user signed in with, but not read what comes.
"""

import hmac
from typing import Annotated

from fastapi import Query, Request

from services.gateway.problems import only_here

HEADER = "upm-token"


def made(request: Request) -> str:
    """The token of whoever asks, for this path: it follows from what they signed in with."""
    signed = request.headers.get("authorization", "")
    return hmac.digest(signed.encode(), request.url.path.encode(), "sha256").hex()


def shown(request: Request, token: Annotated[str, Query(max_length=200)] = "") -> None:
    """Raises NotDone when the parameter isn't that token."""
    if not hmac.compare_digest(token.encode(), made(request).encode()):
        raise only_here("upm-token-invalid")
