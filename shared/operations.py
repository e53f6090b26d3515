"""What operators and other services ask a service beside commands and queries."""

import logging
from collections.abc import Awaitable, Callable, Collection

from nats.aio.msg import Msg
from pydantic import ValidationError

from shared import clock, missing
from shared.broker import Bus
from shared.checkup import Checkup
from shared.dead_letters import VERBS, Chosen
from shared.desk import Desk
from shared.errors import BadRequest, Failure, Internal, Refusal
from shared.follower import Follower
from shared.messages import Message
from shared.missing import Missing
from shared.names import is_id
from shared.pipeline import Pipeline

logger = logging.getLogger(__name__)

Answer = Callable[[Msg], Awaitable[Message]]


class Operations:
    """Answers on `health.<service>`, `log.<service>` and `dlq.<service>.<verb>.<actor>`."""

    def __init__(
        self,
        bus: Bus,
        pipeline: Pipeline,
        followers: Collection[Follower],
        operators: Collection[str],
        checkup: Checkup,
    ) -> None:
        self._bus = bus
        self._pipeline = pipeline
        self._desk = Desk(pipeline, followers, operators)
        self._checkup = checkup

    def subscribe(self) -> None:
        """Take what is asked; of the instances of a service one answers, but each its health."""
        service = self._pipeline.store.service
        self._bus.subscribe(f"health.{service}", self._answered(self._health))
        self._bus.subscribe(missing.subject(service), self._answered(self._log), queue=service)
        self._bus.subscribe(f"dlq.{service}.*.*", self._answered(self._letters), queue=service)

    def _answered(self, answer: Answer) -> Callable[[Msg], Awaitable[None]]:
        """Whatever happens, there is a reply."""

        async def take(message: Msg) -> None:
            try:
                reply = await answer(message)
            except ValidationError:
                reply = BadRequest(reason="body: see the messages in the documents").reply("")
            except Refusal as refusal:
                reply = refusal.reply("")
            except Failure as failure:
                reply = failure.reply(clock.now())
            except Exception:
                logger.exception("%s failed", message.subject)
                reply = Internal().reply(clock.now())
            await self._bus.reply(message, reply)

        return take

    async def _health(self, message: Msg) -> Message:
        del message
        return await self._checkup.examine()

    async def _log(self, message: Msg) -> Message:
        asked = Missing.model_validate_json(message.data)
        return await self._pipeline.on_thread(missing.find, self._pipeline.store, asked)

    async def _letters(self, message: Msg) -> Message:
        _, _, verb, actor = message.subject.split(".")
        if verb not in VERBS or not is_id(actor):
            raise BadRequest(reason=f"subject: wanted {', '.join(VERBS)}, then the account")
        chosen = Chosen.model_validate_json(message.data or b"{}")
        return await self._desk.serve(verb, chosen, actor)
