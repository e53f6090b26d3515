"""Descriptor links and token links: who follows one sees a descriptor, and nothing happens."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from services.gateway.bus import Bus
from services.gateway.problems import responses, success
from services.installation.queries import LinkedDescriptor, LinkedDescriptorView
from shared.names import AppKey

router = APIRouter(tags=["links"])

_ONCE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""A link may have a token, which stays where it is."""


@router.head("/download/apps/{app_key}/version/{build}/descriptor", include_in_schema=False)
@router.get("/download/apps/{app_key}/version/{build}/descriptor", responses=responses(400, 404))
async def descriptor(
    app_key: AppKey,
    build: Annotated[int, Path(ge=1, lt=10**9)],
    bus: Bus,
    token: Annotated[str | None, Query(alias="access-token", min_length=1, max_length=200)] = None,
) -> JSONResponse:
    """The descriptor of a version: of a public one, or of any with a token of its app."""
    query = LinkedDescriptor(app_key=app_key, build=build, token=token)
    view = success(await bus.query(query)).read(LinkedDescriptorView)
    return JSONResponse(view.descriptor, headers=_ONCE)
