"""What partners ask: their apps, versions and access tokens, as of the Marketplace's REST API 3."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel

from services.gateway.bus import Bus
from services.gateway.caller import AppReader, AppWriter
from services.gateway.marketplace import (
    PREFIX,
    AppSoftware,
    Pages,
    Token,
    Tokens,
    Version,
    VersionListing,
    Versions,
)
from services.gateway.problems import SIGNED_IN, NotDone, Problem, done, only_here, success
from services.listing.queries import ListedVersion, Listing, ListingView
from services.token.commands import CreatedToken, CreateToken, Note, RemoveToken, TokenText
from services.token.queries import ListTokens, TokenList
from services.token.refusals import UnknownToken
from shared.client import Client
from shared.names import AppKey

router = APIRouter(prefix=PREFIX, tags=["partners"])

_ONCE = {"Cache-Control": "no-store"}
"""Tokens are in the answers."""
_CURSOR = r"^before-[0-9]{1,9}$"
_ONE_WISH = Header(alias="Idempotency-Key", pattern=r"^[\x21-\x7e]+$", max_length=200)
Build = Annotated[int, Path(ge=1, lt=10**9)]


class NewToken(BaseModel):
    """What a token is for."""

    note: Note | None = None


@router.get("/app-key/{app_key}", **SIGNED_IN)
async def app_software(
    app_key: AppKey, caller: AppReader, bus: Bus, hosting: str | None = None
) -> list[AppSoftware]:
    """The app, by the id that all other calls take; with another hosting there is none."""
    listing = await _listing(bus, caller, app_key)
    found = [AppSoftware(app_software_id=listing.app_key, hosting=listing.hosting)]
    return [row for row in found if hosting in (None, row.hosting)]


@router.get("/{app_key}/tokens", **SIGNED_IN)
async def tokens(
    app_key: AppKey,
    caller: AppReader,
    bus: Bus,
    response: Response,
    token: Annotated[TokenText | None, Query()] = None,
) -> Tokens:
    """The active tokens of an app, or only the one that is asked for."""
    response.headers.update(_ONCE)
    rows = await _tokens(bus, caller, app_key)
    return Tokens(tokens=[row for row in rows if token in (None, row.token)])


@router.post("/{app_key}/tokens", status_code=201, **SIGNED_IN)
async def create_token(
    app_key: AppKey,
    caller: AppWriter,
    bus: Bus,
    response: Response,
    wanted: NewToken | None = None,
    once: Annotated[str | None, _ONE_WISH] = None,
) -> Token:
    """Make a token for a private app; at most 50 are active.

    Asked again by that account under the same `Idempotency-Key` the answer is the same token.
    """
    response.headers.update(_ONCE)
    note = None if wanted is None else wanted.note
    command = CreateToken(app_key=app_key, note=note)
    command_id = once and hashlib.sha256(f"{caller}/{once}".encode()).hexdigest()
    reply = done(await bus.send(command, actor=caller, command_id=command_id))
    made = reply.read(CreatedToken)
    return Token(token=made.token, token_id=made.token_id, note=note, links=made.links)


@router.delete("/{app_key}/tokens/{token}", status_code=204, **SIGNED_IN)
async def remove_token(
    app_key: AppKey, token: Annotated[TokenText, Path()], caller: AppWriter, bus: Bus
) -> None:
    """Remove a token for ever; where it was applied the app is unlicensed from then on."""
    for row in await _tokens(bus, caller, app_key):
        if row.token == token:
            command = RemoveToken(app_key=app_key, token_id=row.token_id)
            done(await bus.send(command, actor=caller))
            return
    detail, hint = "there is no such active token", UnknownToken.HINT
    raise NotDone(Problem(status=404, code=UnknownToken.CODE, detail=detail, hint=hint))


@router.get("/{app_key}/versions", response_model_exclude_none=True, **SIGNED_IN)
async def versions(
    app_key: AppKey,
    caller: AppReader,
    bus: Bus,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    cursor: Annotated[str | None, Query(pattern=_CURSOR)] = None,
) -> Versions:
    """The versions of an app, the newest first; `links.next` leads to the ones before."""
    listing = await _listing(bus, caller, app_key)
    end = None if cursor is None else int(cursor.partition("-")[2])
    rows = sorted(listing.versions, key=lambda row: row.build, reverse=True)
    rest = [row for row in rows if end is None or row.build < end]
    here = f"{PREFIX}/{app_key}/versions?limit={limit}"
    links = Pages(
        self=here if cursor is None else f"{here}&cursor={cursor}",
        next=f"{here}&cursor=before-{rest[limit - 1].build}" if len(rest) > limit else None,
    )
    shown = [Version.of(listing, row) for row in rest[:limit]]
    return Versions(links=links, versions=shown, total_count=len(rows))


@router.get("/{app_key}/versions/{build}", **SIGNED_IN)
async def version(app_key: AppKey, build: Build, caller: AppReader, bus: Bus) -> Version:
    """One version of an app."""
    return Version.of(*await _version(bus, caller, app_key, build))


@router.get("/{app_key}/versions/{build}/listing", **SIGNED_IN)
async def version_listing(
    app_key: AppKey, build: Build, caller: AppReader, bus: Bus
) -> VersionListing:
    """How the marketplace shows a version."""
    return VersionListing.of(*await _version(bus, caller, app_key, build))


async def _version(
    bus: Client, caller: str, app_key: str, build: int
) -> tuple[ListingView, ListedVersion]:
    listing = await _listing(bus, caller, app_key)
    for row in listing.versions:
        if row.build == build:
            return listing, row
    raise only_here("unknown-version", f"{app_key} has no build {build}")


async def _listing(bus: Client, caller: str, app_key: str) -> ListingView:
    answer = success(await bus.query(Listing(app_key=app_key), actor=caller))
    return answer.read(ListingView)


async def _tokens(bus: Client, caller: str, app_key: str) -> list[Token]:
    answer = success(await bus.query(ListTokens(app_key=app_key), actor=caller))
    return [Token.of(view) for view in answer.read(TokenList).tokens]
