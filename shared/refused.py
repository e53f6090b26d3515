"""What is told of requests that were refused: who asked what, and why not. Never a token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from pydantic import JsonValue
from pydantic_core import from_json

from shared import headers
from shared.command_log import CommandRow
from shared.errors import Refusal
from shared.keys import mask
from shared.messages import OUTCOME, Message, Refused
from shared.names import iso
from shared.published import auth_type

_LONGEST = 200
"""Characters of a malformed request's subject that are told."""


class RefusedCommand(Message):
    """A command was refused: what was asked, and the rule that said no."""

    command: str
    key: str
    """Of the aggregate that was asked."""
    body: dict[str, JsonValue]
    """As it was asked, with every token masked."""
    code: str
    detail: str
    data: dict[str, JsonValue]

    @classmethod
    def of(cls, row: CommandRow) -> Self:
        """A refused command of the command log."""
        refused = OUTCOME.validate_json(row.outcome)
        assert isinstance(refused, Refused)  # noqa: S101  # only those are selected
        return cls(
            command=row.name,
            key=row.key,
            body=from_json(row.body),
            code=refused.code,
            detail=refused.detail,
            data=refused.data,
        )


class Malformed(Message):
    """A request couldn't be read, so nothing was decided: why, where it came, and its size."""

    subject: str
    code: str
    detail: str
    size: int
    """Bytes of its body, which is told nowhere."""

    @classmethod
    def of(cls, subject: str, refusal: Refusal, size: int) -> Self:
        """A request that was refused at the door."""
        shown = mask(subject)[:_LONGEST]
        return cls(subject=shown, code=refusal.code, detail=mask(refusal.detail), size=size)


@dataclass(frozen=True)
class PublishedRefusal:
    """A refused request as a subscriber gets it."""

    id: str
    type: str
    """`<service>.<Command>.refused`, or `<service>.malformed`."""
    time: datetime
    actor: str | None
    command_id: str | None
    correlation_id: str | None
    body: bytes

    @classmethod
    def read(cls, message_headers: Mapping[str, str] | None, body: bytes) -> Self:
        """The refusal in a message; raises KeyError or ValueError when it holds none of ours."""
        values = headers.decode(message_headers)
        return cls(
            values["ce-id"],
            values["ce-type"],
            datetime.fromisoformat(values["ce-time"]),
            values.get("ce-authid"),
            values.get("ce-commandid"),
            values.get("ce-correlationid"),
            body,
        )

    @property
    def about(self) -> dict[str, Any]:
        """The fields of the command; of what could not be read there are none."""
        fields: dict[str, Any] = from_json(self.body).get("body", {})
        return fields


def refusal_attributes(row: CommandRow, number: int, log_id: str) -> dict[str, str]:
    """The CloudEvents attributes of the refused command with that number in the command log."""
    told = _attributes(row.service, f"command/{number}", f"{row.name}.refused", row.time)
    return told | {
        "ce-subject": row.key,
        "ce-authid": row.actor,
        "ce-authtype": auth_type(row.actor),
        "ce-correlationid": row.correlation_id,
        "ce-causationid": row.causation_id or row.command_id,
        "ce-commandid": row.command_id,
        "ce-sequence": f"{number:016d}",
        "ce-logid": log_id,
    }


def malformed_attributes(
    service: str, id_: str, time: datetime, place: int, log_id: str
) -> dict[str, str]:
    """The CloudEvents attributes of a malformed request, told after the refusal at `place`."""
    told = _attributes(service, f"malformed/{id_}", "malformed", iso(time))
    return told | {"ce-sequence": f"{place:016d}", "ce-logid": log_id}


def _attributes(service: str, id_: str, kind: str, time: str) -> dict[str, str]:
    return {
        "ce-specversion": "1.0",
        "ce-id": f"{service}/{id_}",
        "ce-type": f"{service}.{kind}",
        "ce-source": f"/guestlist/{service}",
        "ce-time": time,
        "ce-datacontenttype": "application/json",
    }
