"""What a careful app checks of a hook before it believes it."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from shared import clock
from shared.qsh import qsh
from tests.clients.sample_app import SampleApp, Told

CLAIMS = {"iss", "iat", "exp", "qsh"}


def by_key(app: SampleApp, told: Told, keys: Mapping[str, bytes]) -> dict[str, Any]:
    """The claims of a token that is signed with the key that its header names."""
    key = RSAKey.import_key(keys[kid_of(told)])
    decoded = jwt.decode(_token(told), key, algorithms=["RS256"])
    claims = _checked(app, told, decoded.claims, seconds=900)
    assert claims.pop("aud") == [app.descriptor["baseUrl"]]
    assert set(claims) == CLAIMS
    return claims


def by_secret(app: SampleApp, told: Told, secret: str) -> dict[str, Any]:
    """The claims of a token that is signed with the shared secret."""
    decoded = jwt.decode(_token(told), OctKey.import_key(secret), algorithms=["HS256"])
    claims = _checked(app, told, decoded.claims, seconds=180)
    assert set(claims) == CLAIMS
    return claims


def kid_of(told: Told) -> str:
    """The id of the key by which a token says that it is signed."""
    head = _token(told).partition(".")[0]
    return str(json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


def _checked(app: SampleApp, told: Told, claims: dict[str, Any], *, seconds: int) -> dict[str, Any]:
    assert claims["iss"] == told.body["clientKey"]
    assert claims["exp"] - claims["iat"] == seconds
    assert abs(clock.now().timestamp() - claims["iat"]) < 30
    asked = urlsplit(told.path)
    base = urlsplit(str(app.descriptor["baseUrl"])).path.removesuffix("/")
    assert asked.path.startswith(base)
    assert claims["qsh"] == qsh("POST", asked.path.removeprefix(base), asked.query)
    return claims


def _token(told: Told) -> str:
    scheme, _, token = told.headers["Authorization"].partition(" ")
    assert scheme == "JWT"
    return token
