"""The apps on a site: list, look, enable, disable, uninstall; and whether it takes private ones."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from services.gateway.bus import Bus
from services.gateway.caller import SiteReader, SiteWriter
from services.gateway.problems import SIGNED_IN, done, success
from services.gateway.upm import csrf
from services.gateway.upm.shapes import PREFIX, Plugin, Plugins, Setting, Settings, modules
from services.installation.commands import DisableApp, EnableApp, UninstallApp
from services.installation.queries import (
    App,
    AppDescriptor,
    AppDescriptorView,
    AppView,
    Site,
    SiteApps,
    SiteAppsView,
    SiteView,
)
from shared.client import Client
from shared.names import AppKey, SiteId

router = APIRouter(prefix=PREFIX, tags=["site admins"])


class Change(BaseModel):
    """What an app is to be."""

    enabled: bool


@router.head("/", include_in_schema=False)
@router.get("/", response_model_exclude_none=True, **SIGNED_IN)
async def plugins(
    site_id: SiteId,
    caller: SiteReader,
    bus: Bus,
    response: Response,
    upm_token: Annotated[str, Depends(csrf.made)],
) -> Plugins:
    """All apps on the site, and in a header the token with which to install one."""
    answer = success(await bus.query(SiteApps(site_id=site_id), actor=caller))
    response.headers[csrf.HEADER] = upm_token
    return Plugins(plugins=[Plugin.of(app) for app in answer.read(SiteAppsView).apps])


@router.get("/settings", **SIGNED_IN)
async def settings(site_id: SiteId, caller: SiteReader, bus: Bus) -> Settings:
    """Whether the site takes private apps, as tools call that."""
    site = success(await bus.query(Site(site_id=site_id), actor=caller)).read(SiteView)
    return Settings(
        settings=[Setting(key="connectDeveloperListingsEnabled", value=site.private_listings)]
    )


@router.get("/{app_key}-key", response_model_exclude_none=True, **SIGNED_IN)
async def plugin(site_id: SiteId, app_key: AppKey, caller: SiteReader, bus: Bus) -> Plugin:
    """An app with its modules."""
    return await _plugin(bus, caller, site_id, app_key)


@router.put("/{app_key}-key", response_model_exclude_none=True, **SIGNED_IN)
async def change(
    site_id: SiteId, app_key: AppKey, wanted: Change, caller: SiteWriter, bus: Bus
) -> Plugin:
    """Enable or disable an app."""
    command = EnableApp if wanted.enabled else DisableApp
    done(await bus.send(command(site_id=site_id, app_key=app_key), actor=caller))
    return await _plugin(bus, caller, site_id, app_key)


@router.delete("/{app_key}-key", status_code=204, **SIGNED_IN)
async def uninstall(site_id: SiteId, app_key: AppKey, caller: SiteWriter, bus: Bus) -> None:
    """Take an app off the site."""
    done(await bus.send(UninstallApp(site_id=site_id, app_key=app_key), actor=caller))


async def _plugin(bus: Client, caller: str, site_id: str, app_key: str) -> Plugin:
    about = {"site_id": site_id, "app_key": app_key}
    app = success(await bus.query(App(**about), actor=caller)).read(AppView)
    described = success(await bus.query(AppDescriptor(**about), actor=caller))
    descriptor = described.read(AppDescriptorView).descriptor
    found = modules(app.key, descriptor, enabled=app.enabled)
    return Plugin.of(app).model_copy(update={"modules": found})
