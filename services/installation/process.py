"""The processes of the installation service: each install, and the roll-out of new versions.

Their memory is the sites' own history. Each step's result comes back as a command whose id
follows from the step, so a step that is done again has no second effect.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.installation.domain import Telling
from services.installation.events import (
    AppDisabled,
    AppEnabled,
    AppInstalled,
    AppUninstalled,
    AppUpdated,
    HookRequested,
    InstallFailed,
    InstallRequested,
    SiteRenamed,
    TokenAttached,
)
from services.installation.refusals import InstallTimeout, StepDiscarded
from services.installation.steps import (
    AnswerHook,
    AttachToken,
    FailInstall,
    FinishInstall,
    UpdateApp,
)
from services.listing.events import (
    ListingApproved,
    VersionPublished,
    VersionVisibilityChanged,
)
from services.token.commands import ApplyToken
from shared import clock
from shared.errors import Internal, Refusal, Unavailable
from shared.keys import Keys
from shared.messages import Answer, Command, Envelope, Failed, Refused, Reply
from shared.names import Position, fold
from shared.published import Published
from shared.requests import Ask, Asked, follow_up

_Told = AppInstalled | AppEnabled | AppDisabled | AppUninstalled | HookRequested | SiteRenamed
"""After these an app is told where it stands."""
TIMEOUT = timedelta(seconds=60)
"""After this an install that can't go on ends as failed; its token isn't applied any more."""

AT_ONCE = 8
"""So many sites at once an app is told of; what is more waits."""

Decide = Callable[[Asked], Awaitable[Reply | Answer]]
SitesOf = Callable[[str, Position], Awaitable[Iterable[str]]]
"""An app's key, and what happened to it → the ids of the sites on which it is or is about to be, as
of then; raises Unavailable when that isn't known yet."""
UnderWay = Callable[[str, str, int], Awaitable[bool]]
"""A site's id, an app's key and the number of an attempt → whether that install hasn't ended."""
TellingsOf = Callable[[str], Awaitable[Sequence[Telling]]]
"""A site's id → what its apps are to be told, in order."""
Tell = Callable[[Telling], Awaitable[AnswerHook]]


class InstallProcess:
    """One step for each event of a site after which something is to be done."""

    def __init__(
        self,
        keys: Keys,
        ask: Ask,
        decide: Decide,
        under_way: UnderWay,
        tellings: TellingsOf,
        tell: Tell,
    ) -> None:
        self._keys = keys
        self._ask = ask
        self._decide = decide
        self._under_way = under_way
        self._tellings = tellings
        self._tell = tell
        self._telling: Counter[str] = Counter()

    async def step(self, published: Published) -> None:
        """Do what comes after an event; raises Unavailable when it has to be tried again."""
        event = published.event()
        match event:
            case InstallRequested():
                await self._send(await self._after_request(event, published), published)
            case TokenAttached(attempt=int()):
                install = event.model_dump(include={"site_id", "app_key", "attempt"})
                await self._send(await self._handshake(install, published), published)
            case AppInstalled() | AppUpdated() | InstallFailed() | TokenAttached():
                update = UpdateApp(site_id=event.site_id, app_key=event.app_key)
                await self._send(update, published)
        if isinstance(event, _Told):
            await self._tell_of(event.site_id, published)

    async def give_up(self, published: Published) -> None:
        """End what waits for a step that is never done: the install, and what an app is told."""
        event = published.event()
        match event:
            case InstallRequested() | TokenAttached(attempt=int()):
                install = event.model_dump(include={"site_id", "app_key", "attempt", "token_id"})
                await self._send(_failed(install, StepDiscarded()), published)
        if isinstance(event, _Told):
            for row in await self._tellings(event.site_id):
                if row.due.cause == published.position.version:
                    await self._send(_never_told(row), published)

    async def _after_request(self, begun: InstallRequested, published: Published) -> Command | None:
        install = begun.model_dump(include={"site_id", "app_key", "attempt"})
        if begun.token_id is None:
            return await self._handshake(install, published)
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

    async def _handshake(self, install: dict[str, Any], published: Published) -> Command | None:
        """What comes of an install once the app knows of it, if it wants to.

        Nothing where the install has ended: then this is done again after a crash.
        """
        site_id, app_key, attempt = install.values()
        if not await self._under_way(site_id, app_key, attempt):
            return None
        due = [row for row in await self._tellings(site_id) if row.request.app_key == app_key]
        if not any(row.install and row.request.attempt == attempt for row in due):
            return FinishInstall(**install)
        if clock.now() > published.meta.time + TIMEOUT:
            return _failed(install, InstallTimeout())
        if not due[0].install:
            raise Unavailable
        return await self._told(due[0])

    async def _tell_of(self, site_id: str, published: Published) -> None:
        """Tell each app what is due by an event, once it was told what was due before."""
        apps = defaultdict(list)
        for row in await self._tellings(site_id):
            apps[row.request.app_key].append(row)
        telling = (self._in_turn(rows, published) for rows in apps.values())
        for problem in await asyncio.gather(*telling, return_exceptions=True):
            if problem is not None:
                raise problem

    async def _in_turn(self, rows: list[Telling], published: Published) -> None:
        now = published.position.version
        mine = [row for row in rows if row.due.cause == now]
        if mine and rows[0].due.cause < now:
            raise Unavailable
        for row in mine:
            await self._send(await self._told(row), published)

    async def _told(self, telling: Telling) -> Command:
        """Tell an app; one that is slow can't keep this from being done for others."""
        app_key = telling.request.app_key
        if self._telling[app_key] >= AT_ONCE:
            raise Unavailable
        self._telling[app_key] += 1
        try:
            return await self._tell(telling)
        finally:
            self._telling[app_key] -= 1

    async def _send(self, command: Command | None, published: Published) -> None:
        if command is not None:
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
                for site_id in await self._sites_of(app_key, published.position):
                    update = UpdateApp(site_id=site_id, app_key=app_key)
                    envelope = _envelope(update, published, after=(str(published.position),))
                    await _decided(self._decide(Asked(update, envelope)))

    async def give_up(self, published: Published) -> None:
        """Nothing waits: the sites follow with what is published next."""


def _failed(install: dict[str, Any], why: Refusal | Refused) -> FailInstall:
    return FailInstall(**install, code=why.code, detail=why.detail)


def _never_told(telling: Telling) -> Command:
    """What comes of it that an app isn't told something: an install that waits for that fails."""
    request, hook = telling.request, telling.due.hook
    if telling.install:
        install = request.model_dump(include={"site_id", "app_key", "attempt"})
        return _failed(install, StepDiscarded())
    return AnswerHook(
        site_id=request.site_id,
        app_key=request.app_key,
        hook=hook,
        cause=telling.due.cause,
        url=request.base_url + request.hooks[hook],
        sent_at=clock.now(),
        milliseconds=0,
        outcome="not-sent",
    )


async def _decided(deciding: Awaitable[Reply | Answer]) -> None:
    match await deciding:
        case Failed(code=Internal.CODE) as failed:
            raise RuntimeError(failed.detail)
        case Failed():
            raise Unavailable


def _envelope(
    command: Command,
    published: Published,
    *,
    after: tuple[str, ...] = (),
    deadline: datetime | None = None,
) -> Envelope:
    step = f"{type(command).__name__}:{command.key}"
    match command:  # of one event there may be several
        case AnswerHook():
            step += f":{command.app_key}:{command.hook}:{command.cause}"
        case FailInstall():
            step += f":{command.app_key}"
    return follow_up(
        step,
        cause=str(published.position),
        correlation_id=published.meta.correlation_id,
        time=clock.now(),
        after=after,
        deadline=deadline,
    )
