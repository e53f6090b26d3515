"""What an app keeps on a site: JSON by name, as Connect apps do."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError
from pydantic_core import to_json

from services.gateway.bus import Bus
from services.gateway.problems import SIGNED_IN, NotDone, Problem, done, responses, success
from services.gateway.sender import PREFIX, Sender, path_of
from services.installation.commands import (
    PROPERTY_SIZE,
    DeleteAppProperty,
    JsonText,
    PropertyName,
    PropertySet,
    SetAppProperty,
)
from services.installation.queries import (
    AppProperties,
    AppPropertiesView,
    AppProperty,
    AppPropertyView,
)
from shared.names import SERVICE_ACCOUNT, SiteId

router = APIRouter(prefix=PREFIX + "/{app_key}/properties", tags=["apps"])

_ANY_JSON = {"requestBody": {"content": {"application/json": {"schema": {}}}, "required": True}}
_NO_JSON = Problem(
    status=400,
    code="bad-request",
    detail=f"the body is no JSON of at most {PROPERTY_SIZE:,} characters",
    hint="send the value itself as JSON",
)
_TEXT = TypeAdapter[str](JsonText)
Name = Annotated[PropertyName, Path()]


class Key(BaseModel):
    """A property, and where it is."""

    key: str
    self: str


class Keys(BaseModel):
    """All that an app keeps."""

    keys: list[Key]


class Property(BaseModel):
    """One thing that an app keeps."""

    key: str
    value: JsonValue
    self: str


class Set(BaseModel):
    """A property was kept, under a new name or one that was known."""

    status: int
    message: str


@router.get("", **SIGNED_IN)
async def properties(site_id: SiteId, sender: Sender, bus: Bus, request: Request) -> Keys:
    """The names of all that the app keeps."""
    query = AppProperties(site_id=site_id, app_key=sender.key)
    names = success(await bus.query(query, actor=SERVICE_ACCOUNT)).read(AppPropertiesView).names
    here = f"{sender.base_url}{path_of(request, site_id)}"
    return Keys(keys=[Key(key=name, self=f"{here}/{quote(name, safe='')}") for name in names])


@router.get("/{name}", response_model=Property, **SIGNED_IN)
async def one(site_id: SiteId, name: Name, sender: Sender, bus: Bus, request: Request) -> Response:
    """One thing that the app keeps, its value as it was sent."""
    query = AppProperty(site_id=site_id, app_key=sender.key, name=name)
    view = success(await bus.query(query, actor=SERVICE_ACCOUNT)).read(AppPropertyView)
    here = f"{sender.base_url}{path_of(request, site_id)}"
    about = to_json(Key(key=name, self=here)).decode()
    return Response(f'{about[:-1]},"value":{view.value}}}', media_type="application/json")


@router.put(
    "/{name}",
    openapi_extra=_ANY_JSON,
    responses={201: {"model": Set}, **responses(413), **SIGNED_IN["responses"]},
)
async def put(
    site_id: SiteId, name: Name, sender: Sender, bus: Bus, request: Request, response: Response
) -> Set:
    """Keep JSON; it is in the audit, too."""
    try:
        value = _TEXT.validate_python((await request.body()).decode())
    except (ValidationError, UnicodeDecodeError):
        raise NotDone(_NO_JSON) from None
    command = SetAppProperty(site_id=site_id, app_key=sender.key, name=name, value=value)
    result = done(await bus.send(command, actor=SERVICE_ACCOUNT)).read(PropertySet)
    response.status_code = 201 if result.created else 200
    return Set(status=response.status_code, message="created" if result.created else "updated")


@router.delete("/{name}", status_code=204, **SIGNED_IN)
async def delete(site_id: SiteId, name: Name, sender: Sender, bus: Bus) -> None:
    """Keep something no longer."""
    command = DeleteAppProperty(site_id=site_id, app_key=sender.key, name=name)
    done(await bus.send(command, actor=SERVICE_ACCOUNT))
