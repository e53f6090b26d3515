"""The tokens that apps on a site run on, and the licences that these give them."""

from typing import Literal, Self

from fastapi import APIRouter, Response
from pydantic import model_validator

from services.gateway.bus import Bus
from services.gateway.caller import SiteReader, SiteWriter
from services.gateway.problems import SIGNED_IN, done, refused, success
from services.gateway.shape import Shape
from services.gateway.upm.shapes import (
    PREFIX,
    Place,
    PluginLicense,
    PluginToken,
    PluginTokens,
    base,
)
from services.installation.commands import ClearToken, LicenceState, SetToken, TokenText
from services.installation.queries import App, AppView, SiteToken, SiteTokens, SiteTokensView
from services.installation.refusals import NoToken
from shared.client import Client
from shared.names import AppKey, SiteId, fold

router = APIRouter(prefix=PREFIX, tags=["site admins"])
_ONCE = {"Cache-Control": "no-store"}
"""Tokens are in the answers."""


class Wanted(Shape):
    """The token that an app is to run on, and its licence; an empty one takes it off."""

    plugin_key: AppKey
    token: TokenText | Literal[""]
    state: LicenceState | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.token and self.state not in (None, LicenceState.NONE):
            raise ValueError("without a token the state can only be NONE")
        return self


@router.get("/license-tokens", **SIGNED_IN)
async def tokens(site_id: SiteId, caller: SiteReader, bus: Bus, response: Response) -> PluginTokens:
    """The tokens of all apps on the site."""
    response.headers.update(_ONCE)
    rows = await _tokens(bus, caller, site_id)
    return PluginTokens(tokens=[PluginToken.of(site_id, row) for row in rows])


@router.get("/license-tokens/{app_key}-key", **SIGNED_IN)
async def token(
    site_id: SiteId, app_key: AppKey, caller: SiteReader, bus: Bus, response: Response
) -> PluginToken:
    """The token of an app."""
    response.headers.update(_ONCE)
    return PluginToken.of(site_id, await _token(bus, caller, site_id, app_key))


@router.post("/license-tokens", **SIGNED_IN)
async def set_token(
    site_id: SiteId, wanted: Wanted, caller: SiteWriter, bus: Bus, response: Response
) -> PluginToken:
    """Let an app run on a token, or on none, and switch its licence; all of it or nothing."""
    response.headers.update(_ONCE)
    about = {"site_id": site_id, "app_key": wanted.plugin_key}
    if not wanted.token:
        done(await bus.send(ClearToken(**about), actor=caller))
        links = Place(self=f"{base(site_id)}/license-tokens/{wanted.plugin_key}-key")
        return PluginToken(
            links=links,
            plugin_key=wanted.plugin_key,
            token="",
            state=LicenceState.NONE,
            valid=False,
        )
    command = SetToken(**about, token=wanted.token, state=wanted.state)
    done(await bus.send(command, actor=caller))
    return PluginToken.of(site_id, await _token(bus, caller, site_id, wanted.plugin_key))


@router.delete("/license-tokens/{app_key}-key", status_code=204, **SIGNED_IN)
async def clear_token(site_id: SiteId, app_key: AppKey, caller: SiteWriter, bus: Bus) -> None:
    """Let an app run on no token."""
    done(await bus.send(ClearToken(site_id=site_id, app_key=app_key), actor=caller))


@router.get("/{app_key}-key/license", response_model_exclude_none=True, **SIGNED_IN)
async def licence(site_id: SiteId, app_key: AppKey, caller: SiteReader, bus: Bus) -> PluginLicense:
    """The licence of an app."""
    asked = App(site_id=site_id, app_key=app_key)
    app = success(await bus.query(asked, actor=caller)).read(AppView)
    rows = await _tokens(bus, caller, site_id)
    numbers = [row.entitlement_number for row in rows if row.app_key == app.app_key]
    return PluginLicense.of(app.key, app.licence, next(iter(numbers), None))


async def _token(bus: Client, caller: str, site_id: str, app_key: str) -> SiteToken:
    for row in await _tokens(bus, caller, site_id):
        if row.app_key == fold(app_key):
            return row
    raise refused(NoToken(app_key=app_key, site_id=site_id))


async def _tokens(bus: Client, caller: str, site_id: str) -> tuple[SiteToken, ...]:
    answer = success(await bus.query(SiteTokens(site_id=site_id), actor=caller))
    return answer.read(SiteTokensView).tokens
