"""What an app is told: hooks, signed, with what they say of the site.

The handshake is that of Atlassian Connect:
https://developer.atlassian.com/cloud/jira/platform/connect-app-descriptor/#lifecycle
https://developer.atlassian.com/cloud/jira/platform/security-for-connect-apps/
"""

import json
import time
import uuid
from datetime import timedelta
from importlib.metadata import version
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey

from services.installation.commands import HookOutcome
from services.installation.domain import Telling
from services.installation.events import InstallRequested
from services.installation.steps import AnswerHook
from shared import clock
from shared.install_keys import InstallKeys
from shared.keys import Keys
from shared.post import NotPosted, post
from shared.qsh import qsh
from shared.settings import Settings

TAKEN = (200, 201, 204)
"""The answers by which an app takes what it was told."""
_SIGNED_BY_KEY = ("installed", "uninstalled")
"""Hooks that an app checks by the marketplace's public key, as it has no secret yet or any more."""
_LIFE = {True: timedelta(seconds=900), False: timedelta(seconds=180)}
"""How long a token is good, by whether it is signed by key."""
_CLIENT_KEYS = uuid.UUID("0c5c1f8e-7a0b-4c9f-8f57-5f0c7d0b9a3e")
_OAUTH_IDS = uuid.UUID("b3f6f6de-2a55-4e0c-9a0c-6a1f3a6f7d21")
_VERSION = version("guestlist")
_SHOWN = 8
"""No more signs of a secret than these are kept of an answer that repeats it."""


def client_key(cloud_id: str, app_key: str, generation: int) -> str:
    """By what an app knows a site: the same until the site begins anew."""
    return str(uuid.uuid5(_CLIENT_KEYS, f"{cloud_id}/{app_key}/{generation}"))


def shared_secret(keys: Keys, request: InstallRequested) -> str | None:
    """What the site and the app share since that install; None for apps of type none."""
    if request.secret is None:
        return None
    attempt, _, key_id = request.secret.partition(".")
    return keys.shared_secret(key_id, request.site_id, request.app_key, attempt)


class Connect:
    """Tells apps of their life."""

    def __init__(self, keys: Keys, install_keys: InstallKeys, settings: Settings) -> None:
        self._keys = keys
        self._install_keys = install_keys
        self._settings = settings

    async def tell(self, telling: Telling) -> AnswerHook:
        """Send a hook; gives the command that tells how it was taken."""
        request, hook = telling.request, telling.due.hook
        url = request.base_url + request.hooks[hook]
        sent_at, begun = clock.now(), time.monotonic()
        answer = await self._send(url, telling) if self._settings.tells else _Answer("not-sent")
        return AnswerHook(
            site_id=request.site_id,
            app_key=request.app_key,
            hook=hook,
            cause=telling.due.cause,
            url=url,
            sent_at=sent_at,
            milliseconds=round((time.monotonic() - begun) * 1000),
            **answer._asdict(),
        )

    async def _send(self, url: str, telling: Telling) -> "_Answer":
        try:
            secret = shared_secret(self._keys, telling.request)
        except KeyError:
            return _Answer("unreachable", head="the key of its shared secret is gone")
        body = json.dumps(payload(telling, secret), ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"guestlist/{_VERSION}",
            "Atlassian-Connect-Version": _VERSION,
        }
        if secret is not None:
            headers["Authorization"] = f"JWT {self._signed(url, telling, secret)}"
        try:
            posted = await post(url, body, headers, development=self._settings.development)
        except TimeoutError:
            return _Answer("timeout")
        except NotPosted as error:
            return _Answer("unreachable", head=str(error))
        outcome: HookOutcome = "taken" if posted.status in TAKEN else "refused"
        return _Answer(outcome, posted.status, _without(secret, posted.head))

    def _signed(self, url: str, telling: Telling, secret: str) -> str:
        by_key = telling.due.hook in _SIGNED_BY_KEY
        now, base_url = clock.now(), telling.request.base_url
        place, base = urlsplit(url), urlsplit(base_url)
        path = place.path.removeprefix(base.path.removesuffix("/"))
        claims: dict[str, Any] = {
            "iss": _known_as(telling),
            "iat": int(now.timestamp()),
            "exp": int((now + _LIFE[by_key]).timestamp()),
            "qsh": qsh("POST", path, place.query),
        }
        if not by_key:
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))
        kid, key = self._install_keys.newest
        return jwt.encode({"alg": "RS256", "kid": kid}, claims | {"aud": [base_url]}, key)


class _Answer(NamedTuple):
    outcome: HookOutcome
    status: int | None = None
    head: str = ""


def payload(telling: Telling, secret: str | None) -> dict[str, str]:
    """What the app is told; the secret only when it is installed."""
    request, hook = telling.request, telling.due.hook
    known_as = _known_as(telling)
    told = {
        "key": request.key,
        "clientKey": known_as,
        "oauthClientId": str(uuid.uuid5(_OAUTH_IDS, known_as)),
        "baseUrl": telling.base_url,
        "displayUrl": telling.base_url,
        "productType": telling.product,
        "description": f"{telling.product} at {telling.base_url}",
        "serverVersion": _VERSION,
        "pluginsVersion": _VERSION,
        "cloudId": telling.cloud_id,
        "eventType": hook,
    }
    if hook == "installed" and secret is not None:
        told["sharedSecret"] = secret
    return told


def _known_as(telling: Telling) -> str:
    return client_key(telling.cloud_id, telling.request.app_key, telling.request.generation)


def _without(secret: str | None, head: str) -> str:
    """What was answered up to where it repeats the secret."""
    return head if secret is None else head.partition(secret[:_SHOWN])[0]
