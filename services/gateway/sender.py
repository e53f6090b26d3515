"""Which app asks: one that is on the site, by a token that its shared secret signed."""

from typing import Annotated

from fastapi import Depends, Query, Request, Security
from fastapi.security import APIKeyHeader

from services.gateway.bus import Bus
from services.gateway.problems import success
from services.installation.queries import Addon, AddonView, AppRequest
from shared.names import AppKey, SiteId

PREFIX = "/site/{site_id}/rest/atlassian-connect/1/addons"
"""Beneath it an app asks a site, as of a Connect host."""


_SIGNED = APIKeyHeader(
    name="Authorization", scheme_name="app", description="JWT <token>", auto_error=False
)


def path_of(request: Request, site_id: str) -> str:
    """Where a request leads, as it was sent, beneath the site's base URL."""
    path: bytes = request.scope["raw_path"]
    return path.decode("latin-1").removeprefix(f"/site/{site_id}")


async def _sender(
    site_id: SiteId,
    app_key: AppKey,
    request: Request,
    bus: Bus,
    authorization: Annotated[str | None, Security(_SIGNED)],
    jwt: Annotated[str, Query()] = "",
) -> AddonView:
    scheme, _, token = (authorization or "").partition(" ")
    asked = AppRequest(
        method=request.method,
        path=path_of(request, site_id)[:2000],
        query=request.url.query[:8000],
        token=(token if scheme.upper() == "JWT" else jwt)[:8000],
    )
    answer = success(await bus.query(Addon(site_id=site_id, app_key=app_key, request=asked)))
    return answer.read(AddonView)


Sender = Annotated[AddonView, Depends(_sender)]
"""A parameter of a route that only the app may ask that it is about."""
