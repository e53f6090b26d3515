"""The install process: from InstallRequested to the event that ends it.

Its memory is the site's own history. Each step's result comes back as a command whose id
follows from the step, so a step that is done again has no second effect.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.installation.commands import AttachToken, FailInstall, FinishInstall
from services.installation.events import InstallRequested, TokenAttached
from services.token.commands import ApplyToken
from shared import clock
from shared.errors import Unavailable
from shared.keys import Keys
from shared.messages import Answer, Command, Envelope, Failed, Refused, Reply
from shared.published import Published
from shared.requests import Asked, follow_up

TIMEOUT = timedelta(seconds=60)
"""After this an install that can't go on ends as failed."""

Ask = Callable[[Command, Envelope], Awaitable[Reply]]
Decide = Callable[[Asked], Awaitable[Reply | Answer]]


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

    async def _after_request(self, begun: InstallRequested, published: Published) -> Command:
        install = begun.model_dump(include={"site_id", "app_key", "attempt"})
        if begun.authentication == "jwt":
            detail = (
                "Apps that authenticate by jwt need a signed handshake, which is not built yet."
            )
            return FailInstall(**install, code="handshake-unavailable", detail=detail)
        if begun.token_id is None:
            return FinishInstall(**install)
        apply = ApplyToken(
            app_key=begun.app_key,
            token=self._keys.token(begun.app_key, begun.token_id),
            site_id=begun.site_id,
        )
        try:
            reply = await self._ask(apply, _envelope(apply, published))
        except Unavailable:
            reply = Unavailable().reply(clock.now())
        match reply:
            case Refused():
                return FailInstall(**install, code=reply.code, detail=reply.detail)
            case Failed() if clock.now() - published.meta.time > TIMEOUT:
                detail = "The token could not be applied in time."
                return FailInstall(**install, code="install-timeout", detail=detail)
            case Failed():
                raise Unavailable
        return AttachToken(**install, token_id=begun.token_id)

    async def _send(self, command: Command, published: Published) -> None:
        reply = await self._decide(Asked(command, _envelope(command, published)))
        if isinstance(reply, Failed):
            raise Unavailable


def _envelope(command: Command, published: Published) -> Envelope:
    return follow_up(
        type(command).__name__,
        cause=str(published.position),
        correlation_id=published.meta.correlation_id,
        time=clock.now(),
    )
