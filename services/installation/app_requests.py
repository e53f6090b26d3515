"""Who an app is that asks something: its token is checked before anything is answered.

https://developer.atlassian.com/cloud/jira/platform/understanding-jwt-for-connect-apps/
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from services.installation import refusals
from services.installation.connect import client_key, shared_secret
from services.installation.domain import OnSite, Site
from services.installation.queries import AppRequest
from shared.keys import Keys
from shared.qsh import qsh

_LEEWAY = timedelta(seconds=30)
"""By so much the clock of an app may differ."""


def sender(keys: Keys, site: Site, asked: AppRequest, now: datetime) -> OnSite:
    """The installed app that signed a request; raises NotAuthenticated."""
    issuer = _unchecked(asked.token).get("iss")
    for app in site.apps.values():
        if app.live is not None and app.request is not None and app.request.key == issuer:
            with suppress(KeyError):  # the key of its secret is gone
                secret = shared_secret(keys, app.request)
                if secret is not None and _is_good(site, app, secret, asked, now):
                    return app
    raise refusals.NotAuthenticated


def _is_good(site: Site, app: OnSite, secret: str, asked: AppRequest, now: datetime) -> bool:
    if site.registered is None or app.request is None:
        return False
    audience = client_key(site.registered.cloud_id, app.app_key, app.request.generation)
    hashed = qsh(asked.method, asked.path, asked.query)
    try:
        claims = jwt.decode(asked.token, OctKey.import_key(secret), algorithms=["HS256"]).claims
        return _holds(claims, audience, hashed, now)
    except (JoseError, ValueError, TypeError, OverflowError):  # whatever its text makes of it
        return False


def _holds(claims: Mapping[str, Any], audience: str, hashed: str, now: datetime) -> bool:
    """Whether a token is meant for this site, for that request, and for now."""
    told, begins, ends = claims.get("aud"), claims.get("iat"), claims.get("exp")
    if not isinstance(begins, int | float) or not isinstance(ends, int | float):
        return False
    leeway = _LEEWAY.total_seconds()
    return (
        audience in (told if isinstance(told, list) else [told])
        and claims.get("qsh") == hashed
        and begins - leeway <= now.timestamp() < ends + leeway
    )


def _unchecked(token: str) -> dict[str, Any]:
    """What a token says, whoever wrote it."""
    body = token.partition(".")[2].partition(".")[0]
    try:
        claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
