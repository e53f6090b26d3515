"""What an app asks a site, beneath the site's base URL, as Connect apps do."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from services.gateway.bus import Bus
from services.gateway.problems import responses, success
from services.installation.queries import Addon, AddonView, AppRequest
from shared.names import AppKey, SiteId

router = APIRouter(prefix="/site/{site_id}/rest/atlassian-connect/1", tags=["apps"])


class Link(BaseModel):
    """Where something is."""

    href: str


class Host(BaseModel):
    """What an app is installed on; nobody's name and address are known here."""

    product: str
    contacts: list[dict[str, str]] = []


class License(BaseModel):
    """The licence of a token."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

    active: bool
    type: str = "DEVELOPER"
    evaluation: bool
    support_entitlement_number: str
    entitlement_id: str
    entitlement_number: str


class AddonBody(BaseModel):
    """An app as it sees itself; one that is disabled sees its key, version and state."""

    key: str
    version: str
    state: str
    host: Host | None = None
    license: License | None = None
    links: dict[str, list[Link]] | None = None


@router.get(
    "/addons/{app_key}",
    response_model_exclude_none=True,
    responses=responses(400, 401, 403, 404),
)
async def addon(
    site_id: SiteId,
    app_key: AppKey,
    request: Request,
    bus: Bus,
    authorization: Annotated[str, Header()] = "",
    jwt: Annotated[str, Query()] = "",
) -> AddonBody:
    """What an app may know of itself, by its token in the header or the parameter `jwt`."""
    scheme, _, token = authorization.partition(" ")
    base = f"/site/{site_id}"
    asked = AppRequest(
        path=request.scope["raw_path"].decode("latin-1").removeprefix(base)[:2000],
        query=request.url.query[:8000],
        token=(token if scheme.upper() == "JWT" else jwt)[:8000],
    )
    answer = success(await bus.query(Addon(site_id=site_id, app_key=app_key, request=asked)))
    view = answer.read(AddonView)
    state = "ENABLED" if view.enabled else "DISABLED"
    shown: dict[str, Any] = {"key": view.key, "version": view.version, "state": state}
    if view.enabled:
        shown["host"] = Host(product=view.product)
        shown["links"] = {"self": [Link(href=f"{view.base_url}{asked.path}")]}
        if view.licence is not None:
            shown["license"] = License(
                active=view.licence.active,
                evaluation=view.licence.evaluation,
                support_entitlement_number=view.licence.entitlement_number,
                entitlement_id=view.licence.entitlement_id,
                entitlement_number=view.licence.entitlement_number,
            )
    return AddonBody(**shown)
