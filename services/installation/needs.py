"""What the installation service needs of the token service while it decides."""

from dataclasses import dataclass

from services.token.commands import AppliedToken, ApplyToken, CreateToken
from shared import clock
from shared.errors import Refusal, Unavailable
from shared.handlers import Need, Prepared
from shared.messages import Accepted, Command, Envelope, Refused
from shared.names import SERVICE_ACCOUNT
from shared.requests import Ask, follow_up


@dataclass(frozen=True)
class Apply(Need[AppliedToken]):
    """The token service has to bind the token to the site first."""

    command: ApplyToken


@dataclass(frozen=True)
class Generate(Need[AppliedToken]):
    """The token service has to make a token, and to bind it to the site."""

    command: CreateToken
    site_id: str


class Needs:
    """Gets what is needed: a token is made in the name of the account that asked for it."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def prepare(self, need: Apply | Generate, envelope: Envelope) -> Prepared:
        """The token that was applied, or the refusal; raises Unavailable."""
        try:
            if isinstance(need, Apply):
                return await self._apply(need.command, envelope)
            made = await self._accepted("create", need.command, envelope, actor=envelope.actor)
            if envelope.dry_run:
                return AppliedToken.model_validate({"token_id": made.result["token_id"]})
            apply = ApplyToken(
                app_key=need.command.app_key,
                token=str(made.result["token"]),
                site_id=need.site_id,
            )
            return await self._apply(apply, envelope)
        except Refusal as refusal:
            return refusal

    async def _apply(self, command: ApplyToken, envelope: Envelope) -> AppliedToken:
        applied = await self._accepted("apply", command, envelope)
        return AppliedToken.model_validate(applied.result)

    async def _accepted(
        self, step: str, command: Command, envelope: Envelope, *, actor: str = SERVICE_ACCOUNT
    ) -> Accepted:
        asked = follow_up(
            step,
            cause=envelope.id,
            correlation_id=envelope.correlation_id,
            time=clock.now(),
            actor=actor,
            deadline=envelope.deadline,
            dry_run=envelope.dry_run,
        )
        match await self._ask(command, asked):
            case Accepted() as accepted:
                return accepted
            case Refused() as refused:
                raise Refusal.passed_on(refused)
            case _:
                raise Unavailable
