"""How an app signs what it asks a site."""

from typing import Any

from joserfc import jwt
from joserfc.jwk import OctKey

from shared import clock
from shared.qsh import qsh
from tests.clients.sample_app import Told


def signed(told: Told, path: str, query: str = "", *, method: str = "GET", **claims: Any) -> str:
    """The token of an app that was told `installed`, for one request."""
    now = int(clock.now().timestamp())
    usual: dict[str, Any] = {
        "iss": told.body["key"],
        "aud": [told.body["clientKey"]],
        "iat": now,
        "exp": now + 180,
        "qsh": qsh(method, path, query),
    }
    secret = OctKey.import_key(str(told.body["sharedSecret"]))
    return jwt.encode({"alg": "HS256"}, usual | claims, secret)
