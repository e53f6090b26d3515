"""The processes of the installation service: each install, and the roll-out of new versions.

Their memory is the sites' own history. Each step's result comes back as a command whose id
follows from the step, so a step that is done again has no second effect.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from services.installation.commands import AttachToken, FailInstall, FinishInstall, UpdateApp
from services.installation.events import (
    AppInstalled,
    AppUpdated,
    InstallFailed,
    InstallRequested,
    TokenAttached,
)
from services.installation.refusals import HandshakeUnavailable, InstallTimeout
from services.listing.events import (
    ListingApproved,
    VersionPublished,
    VersionVisibilityChanged,
)
from services.token.commands import ApplyToken
from shared import clock
from shared.errors import Refusal, Unavailable
from shared.keys import Keys
from shared.messages import Answer, Command, Envelope, Failed, Refused, Reply
from shared.names import fold
from shared.published import Published
from shared.requests import Ask, Asked, follow_up

TIMEOUT = timedelta(seconds=60)
"""After this an install that can't go on ends as failed; its token isn't applied any more."""

Decide = Callable[[Asked], Awaitable[Reply | Answer]]
SitesOf = Callable[[str], Awaitable[Iterable[str]]]
"""An app's key → the ids of the sites on which it is or is about to be."""


class InstallProcess:
    """One step for each event of a site that is being changed by an install."""

    def __init__(self, keys: Keys, ask: Ask, decide: Decide) -> None:
        self._keys = keys
        self._ask = ask
        self._decide = decide

    async def step(self, published: Published) -> None:
        """Do what comes after an event; raises Unavailable when it has to be tried again."""
        match published.event():
            case InstallRequested() as begun:
                await self._send(await self._after_request(begun, published), published)
            case TokenAttached(attempt=int(attempt)) as attached:
                finish = FinishInstall(
                    site_id=attached.site_id, app_key=attached.app_key, attempt=attempt
                )
                await self._send(finish, published)
            case AppInstalled() | AppUpdated() | InstallFailed() | TokenAttached() as ready:
                update = UpdateApp(site_id=ready.site_id, app_key=ready.app_key)
                await self._send(update, published)

    async def _after_request(self, begun: InstallRequested, published: Published) -> Command:
        install = begun.model_dump(include={"site_id", "app_key", "attempt"})
        if begun.authentication == "jwt":
            return _failed(install, HandshakeUnavailable())
        if begun.token_id is None:
            return FinishInstall(**install)
        apply = ApplyToken(
            app_key=begun.app_key,
            token=self._keys.token(begun.app_key, begun.token_id),
            site_id=begun.site_id,
        )
        deadline = published.meta.time + TIMEOUT
        try:
            reply = await self._ask(apply, _envelope(apply, published, deadline=deadline))
        except Unavailable:
            reply = Unavailable().reply(clock.now())
        match reply:
            case Refused():
                return _failed(install, reply)
            case Failed() if clock.now() > deadline:
                return _failed(install | {"token_id": begun.token_id}, InstallTimeout())
            case Failed():
                raise Unavailable
        return AttachToken(**install, token_id=begun.token_id)

    async def _send(self, command: Command, published: Published) -> None:
        await _decided(self._decide(Asked(command, _envelope(command, published))))


class RollOut:
    """One step for each event by which sites may get another version of an app."""

    def __init__(self, sites_of: SitesOf, decide: Decide) -> None:
        self._sites_of = sites_of
        self._decide = decide

    async def step(self, published: Published) -> None:
        """Tell each site; raises Unavailable when one of them has to be told again."""
        match published.event():
            case (VersionPublished() | VersionVisibilityChanged() | ListingApproved()) as changed:
                app_key = fold(changed.app_key)
                for site_id in await self._sites_of(app_key):
                    update = UpdateApp(site_id=site_id, app_key=app_key)
                    envelope = _envelope(update, published, after=(str(published.position),))
                    await _decided(self._decide(Asked(update, envelope)))


def _failed(install: dict[str, Any], why: Refusal | Refused) -> FailInstall:
    return FailInstall(**install, code=why.code, detail=why.detail)


async def _decided(deciding: Awaitable[Reply | Answer]) -> None:
    if isinstance(await deciding, Failed):
        raise Unavailable


def _envelope(
    command: Command,
    published: Published,
    *,
    after: tuple[str, ...] = (),
    deadline: datetime | None = None,
) -> Envelope:
    return follow_up(
        f"{type(command).__name__}:{command.key}",
        cause=str(published.position),
        correlation_id=published.meta.correlation_id,
        time=clock.now(),
        after=after,
        deadline=deadline,
    )
