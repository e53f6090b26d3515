"""The page of an app, as a site's frame opens it: a URL that is signed and tells the licence."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import JsonValue

from services.installation import refusals
from services.installation.connect import client_key, shared_secret
from services.installation.domain import OnSite, Site
from shared.keys import Keys
from shared.qsh import qsh

_LIFE = timedelta(seconds=180)
_VARIABLE = re.compile(r"\$?\{[^{}]*\}")
"""What a frame would fill in with what it shows; here it shows nothing."""
_REPLACED = {"jwt", "lic", "xdm_e"}
"""What is told of these in a module's URL isn't true."""


class Module(NamedTuple):
    """A part of an app that has a page."""

    key: str
    url: str


def modules(descriptor: Mapping[str, JsonValue]) -> Iterator[Module]:
    """The parts of an app that have a page, in the order of its descriptor."""
    kinds = descriptor.get("modules")
    for kind in kinds.values() if isinstance(kinds, dict) else ():
        for row in kind if isinstance(kind, list) else [kind]:
            url = row.get("url") if isinstance(row, dict) else None
            if isinstance(row, dict) and isinstance(url, str) and url.startswith("/"):
                yield Module(str(row.get("key", "")), url)


def page_url(
    keys: Keys,
    site: Site,
    on_site: OnSite,
    module: Module,
    *,
    actor: str,
    now: datetime,
) -> str:
    """The URL of a page for an account, good for 3 minutes; raises AppDisabled, NoPage."""
    request = on_site.request
    if not on_site.enabled:
        raise refusals.AppDisabled(app_key=on_site.app_key, site_id=site.key)
    if request is None or site.registered is None:
        raise refusals.NoPage(app_key=on_site.app_key, page=module.key)
    asked = urlsplit(_VARIABLE.sub("", module.url))
    given = parse_qsl(asked.query, keep_blank_values=True)
    query = [(name, value) for name, value in given if name not in _REPLACED]
    query.append(("xdm_e", site.base_url))
    if on_site.lic is not None:
        query.append(("lic", on_site.lic))
    secret = shared_secret(keys, request)
    if secret is not None:
        claims: dict[str, Any] = {
            "iss": client_key(site.registered.cloud_id, on_site.app_key, request.generation),
            "sub": actor,
            "iat": int(now.timestamp()),
            "exp": int((now + _LIFE).timestamp()),
            "qsh": qsh("GET", asked.path, urlencode(query, quote_via=quote)),
        }
        token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))
        query.append(("jwt", token))
    return f"{request.base_url}{asked.path}?{urlencode(query, quote_via=quote)}"
