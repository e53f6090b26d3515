"""Events on the bus: CloudEvents 1.0 in binary mode, the body is the event itself.

Source of names and encoding: cloudevents/spec, NATS protocol binding 3.1.3 and the extensions
auth context, correlation, partitioning, sequence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pydantic_core import from_json

from shared import headers
from shared.messages import Event, Meta
from shared.names import SERVICE_ACCOUNT, Position, iso

if TYPE_CHECKING:
    from shared.records import Record


@dataclass(frozen=True)
class Published:
    """An event as a subscriber gets it."""

    topic: str
    position: Position
    meta: Meta
    sequence: int
    """Place in the log of its service."""
    log_id: str
    body: bytes

    @property
    def id(self) -> str:
        """The position as text."""
        return str(self.position)

    @property
    def type(self) -> str:
        """The topic."""
        return self.topic

    @property
    def actor(self) -> str:
        """The account by which it came about."""
        return self.meta.actor

    @property
    def correlation_id(self) -> str:
        """The flow to which it belongs."""
        return self.meta.correlation_id

    @property
    def about(self) -> dict[str, Any]:
        """Its fields."""
        fields: dict[str, Any] = from_json(self.body)
        return fields

    @classmethod
    def of(cls, record: "Record", service: str, sequence: int, log_id: str) -> Self:
        """A stored event, ready to be published."""
        body = record.event.model_dump_json().encode()
        position = record.position(service)
        return cls(record.event.TOPIC, position, record.meta, sequence, log_id, body)

    @classmethod
    def read(cls, message_headers: Mapping[str, str] | None, body: bytes) -> Self:
        """The event in a message; raises KeyError or ValueError when it holds none of ours."""
        values = headers.decode(message_headers)
        meta = {
            "actor": values["ce-authid"],
            "command_id": values.get("ce-commandid"),
            "correlation_id": values["ce-correlationid"],
            "causation_id": values["ce-causationid"],
            "time": values["ce-time"],
        }
        return cls(
            values["ce-type"],
            Position.parse(values["ce-id"]),
            Meta.model_validate(meta),
            int(values["ce-sequence"]),
            values["ce-logid"],
            body,
        )

    def attributes(self) -> dict[str, str]:
        """The CloudEvents attributes of the event."""
        meta = self.meta
        values = {
            "ce-specversion": "1.0",
            "ce-id": str(self.position),
            "ce-type": self.topic,
            "ce-source": f"/guestlist/{self.position.service}",
            "ce-subject": self.position.aggregate,
            "ce-time": iso(meta.time),
            "ce-datacontenttype": "application/json",
            "ce-authid": meta.actor,
            "ce-authtype": auth_type(meta.actor),
            "ce-correlationid": meta.correlation_id,
            "ce-causationid": meta.causation_id,
            "ce-partitionkey": self.position.aggregate,
            "ce-sequence": f"{self.sequence:016d}",
            "ce-logid": self.log_id,
        }
        if meta.command_id is not None:
            values["ce-commandid"] = meta.command_id
        return values

    def event(self) -> Event | None:
        """The event; None when this program knows no such kind."""
        known = Event.TABLE.get(self.topic)
        return None if known is None else known.model_validate_json(self.body)


def auth_type(actor: str) -> str:
    """Whether an account is a user or the services themselves."""
    return "system" if actor == SERVICE_ACCOUNT else "user"
