"""The pages of apps, for the admins of the site where they are installed."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.gateway.bus import Bus
from services.gateway.caller import SiteReader
from services.gateway.problems import responses, success
from services.installation.queries import Page, PageView
from shared.names import AppKey, SiteId

router = APIRouter(tags=["pages"])


@router.get("/site/{site_id}/apps/{app_key}/page", responses=responses(400, 401, 403, 404, 409))
async def page(
    site_id: SiteId,
    app_key: AppKey,
    caller: SiteReader,
    bus: Bus,
    response: Response,
    key: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> PageView:
    """The signed URL of a page, good for 3 minutes; of the first one without the module's key."""
    query = Page(site_id=site_id, app_key=app_key, page=key)
    response.headers["Cache-Control"] = "no-store"
    return success(await bus.query(query, actor=caller)).read(PageView)
