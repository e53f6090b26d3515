"""Installing an app on a site: the tool asks, and then looks again until it is done.

Nothing is kept here for it: where an installation stands the service knows, and why a link was
refused stands in the stream of refusals.
"""

import uuid
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import RedirectResponse

from services.gateway.bus import Bus
from services.gateway.caller import SiteReader, SiteWriter
from services.gateway.problems import SIGNED_IN, done, only_here, success
from services.gateway.shape import Shape
from services.gateway.upm import csrf
from services.gateway.upm.shapes import PREFIX, Place, Status, Task, base
from services.installation.commands import InstallApp, InstallBegun, Url
from services.installation.queries import InstallAttempt, InstallAttemptView
from shared.errors import NotAnAdmin, UnknownSite
from shared.messages import Refused
from shared.names import AppKey, SiteId
from shared.refused import RefusedCommand
from shared.subjects import REFUSALS

router = APIRouter(prefix=PREFIX, tags=["site admins"])

_FAILED = "application/vnd.atl.plugins.task.install.err+json"
_AT_ONCE = {NotAnAdmin.CODE, UnknownSite.CODE}
"""With these the request itself is refused; all else is why an installation failed."""
_SUB_CODES = {
    "descriptor-not-listed": "upm.pluginInstall.error.descriptor.not.from.marketplace",
    "hook-refused": "connect.install.error.remote.host.bad.response",
    "hook-timeout": "connect.install.error.remote.host.timeout",
    "hook-unreachable": "connect.install.error.remote.host.bad.domain",
}
"""What tools know of our codes; the others are told as they are."""
_NEAR = 2000
"""Refusals after the place where the stream ended, among which a new one has to be."""
StreamPlace = Annotated[int, Path(ge=0)]
CommandId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Attempt = Annotated[int, Path(ge=1, lt=10**9)]


class Asked(Shape):
    """What is to be installed."""

    plugin_uri: Url


@router.post(
    "/",
    status_code=202,
    response_model_exclude_none=True,
    dependencies=[Depends(csrf.shown)],
    **SIGNED_IN,
)
async def install(site_id: SiteId, asked: Asked, caller: SiteWriter, bus: Bus) -> Task:
    """Begin to install an app by its token link, its descriptor link or its descriptor's URL."""
    place, command_id = await bus.last(REFUSALS), uuid.uuid4().hex
    command = InstallApp(site_id=site_id, url=asked.plugin_uri)
    reply = await bus.send(command, actor=caller, command_id=command_id)
    if isinstance(reply, Refused) and reply.code not in _AT_ONCE:
        return _pending(site_id, f"refused/{place}/{command_id}")
    begun = done(reply).read(InstallBegun)
    return _pending(site_id, f"{begun.app_key}/{begun.attempt}")


@router.get(
    "/pending/{app_key}/{attempt}",
    response_model=Task,
    response_model_exclude_none=True,
    responses={303: {"description": "It is done: the app is there"}, **SIGNED_IN["responses"]},
)
async def pending(
    site_id: SiteId, app_key: AppKey, attempt: Attempt, caller: SiteReader, bus: Bus
) -> Task | RedirectResponse:
    """How an installation goes on; once it is done this leads to the app."""
    query = InstallAttempt(site_id=site_id, app_key=app_key, attempt=attempt)
    found = success(await bus.query(query, actor=caller)).read(InstallAttemptView)
    task = _pending(site_id, f"{app_key}/{attempt}")
    if found.state == "done":
        return RedirectResponse(f"{base(site_id)}/{app_key}-key", status_code=303)
    if found.state == "under-way":
        return task
    return _failed(task, found.code or "", found.detail or "", found.status)


@router.get("/pending/refused/{place}/{command_id}", response_model_exclude_none=True, **SIGNED_IN)
async def refused(
    site_id: SiteId, place: StreamPlace, command_id: CommandId, caller: SiteReader, bus: Bus
) -> Task:
    """Why nothing was installed; it is told a moment after it was decided."""
    task, near = _pending(site_id, f"refused/{place}/{command_id}"), _NEAR
    async with aclosing(bus.refusals(after=place, follow=False)) as refusals:
        async for told in refusals:
            if (told.command_id, told.actor) == (command_id, caller):
                why = RefusedCommand.model_validate_json(told.body)
                return _failed(task, why.code, why.detail)
            near -= 1
            if not near:
                raise only_here("unknown-task")
    return task


def _pending(site_id: str, place: str) -> Task:
    return Task(status=Status(done=False), links=Place(self=f"{base(site_id)}/pending/{place}"))


def _failed(task: Task, code: str, detail: str, answered: int | None = None) -> Task:
    sub_code = _SUB_CODES.get(code, code)
    status = Status(
        done=True,
        content_type=_FAILED,
        sub_code=sub_code if answered is None else f"{sub_code}.{answered}",
        error_message=detail,
    )
    return task.model_copy(update={"status": status})
