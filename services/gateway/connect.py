"""What an app asks a site, beneath the site's base URL, as Connect apps do."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from services.gateway.problems import responses
from services.gateway.sender import PREFIX, Sender, path_of
from services.gateway.shape import Shape
from shared.names import SiteId

router = APIRouter(prefix=PREFIX, tags=["apps"])


class Link(BaseModel):
    """Where something is."""

    href: str


class Host(BaseModel):
    """What an app is installed on; nobody's name and address are known here."""

    product: str
    contacts: list[dict[str, str]] = []


class License(Shape):
    """The licence of a token."""

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


@router.get("/{app_key}", response_model_exclude_none=True, responses=responses(400, 401, 403, 404))
async def addon(site_id: SiteId, sender: Sender, request: Request) -> AddonBody:
    """What an app may know of itself, by its token in the header or the parameter `jwt`."""
    state = "ENABLED" if sender.enabled else "DISABLED"
    shown: dict[str, Any] = {"key": sender.key, "version": sender.version, "state": state}
    if sender.enabled:
        shown["host"] = Host(product=sender.product)
        here = f"{sender.base_url}{path_of(request, site_id)}"
        shown["links"] = {"self": [Link(href=here)]}
        if sender.licence is not None:
            shown["license"] = License(
                active=sender.licence.active,
                evaluation=sender.licence.evaluation,
                support_entitlement_number=sender.licence.entitlement_number,
                entitlement_id=sender.licence.entitlement_id,
                entitlement_number=sender.licence.entitlement_number,
            )
    return AddonBody(**shown)
