"""The command log: one row for each command that was decided, with its outcome."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from shared.errors import Damaged
from shared.keys import mask
from shared.messages import OUTCOME, Command, Envelope, Outcome
from shared.names import iso


@dataclass(frozen=True)
class CommandRow:
    """A decided command. Tokens in it are masked; whoever may see them has them made again."""

    command_id: str
    service: str
    name: str
    key: str
    actor: str
    body: str
    request_hash: str
    prepared: str | None
    outcome: str
    correlation_id: str
    causation_id: str | None
    time: str

    @classmethod
    def of(
        cls,
        command: Command,
        envelope: Envelope,
        prepared: JsonValue,
        outcome: Outcome,
        time: datetime,
    ) -> "CommandRow":
        """The row of a command that was decided at that time."""
        return cls(
            command_id=envelope.id,
            service=command.SERVICE,
            name=type(command).__name__,
            key=command.key,
            actor=envelope.actor,
            body=mask(command.as_json),
            request_hash=request_hash(command, envelope.actor),
            prepared=None if prepared is None else mask(to_json(prepared).decode()),
            outcome=mask(outcome.model_dump_json()),
            correlation_id=envelope.correlation_id,
            causation_id=envelope.causation_id,
            time=iso(time),
        )

    def reply(self) -> Outcome:
        """The outcome again, marked as repeated; tokens in it are still masked. Raises Damaged."""
        try:
            outcome = OUTCOME.validate_python(from_json(self.outcome))
        except (ValueError, TypeError):
            raise Damaged(f"the outcome of command {self.command_id} can't be read") from None
        return outcome.model_copy(update={"repeated": True})


def request_hash(command: Command, actor: str) -> str:
    """What makes two requests the same: name, key, actor and body; headers don't count."""
    asked = "\n".join((type(command).__name__, command.key, actor, command.as_json))
    return hashlib.sha256(asked.encode()).hexdigest()
