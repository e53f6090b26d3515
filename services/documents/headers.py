"""The headers of requests and events, with examples made by the code that writes them."""

from datetime import UTC, datetime, timedelta

from shared.command_log import CommandRow
from shared.messages import MAX_AFTER, Envelope, Event, Meta
from shared.names import Position, iso
from shared.published import Published
from shared.refused import malformed_attributes, refusal_attributes
from shared.requests import attributes_of

REQUEST = {
    "ce-id": "The id of the request; a command id is decided once.",
    "ce-correlationid": "The flow that it belongs to; its own id unless it is given.",
    "ce-causationid": "The id of the command or event that led to it.",
    "ce-expirytime": "The deadline: later it isn't decided any more. ISO 8601 with a zone.",
    "ce-after": f"Positions of events that must have been seen before, at most {MAX_AFTER}, "
    "between commas.",
    "ce-replyto": "For a durable command: the inbox to which its reply goes.",
    "ce-dryrun": "`true`: tell what would happen, and keep nothing of it.",
}
"""All are optional."""
EVENT = {
    "ce-specversion": "The version of CloudEvents.",
    "ce-id": "The position of the event, `<service>/<aggregate>@<version>`.",
    "ce-type": "What happened, `<service>.<Event>`.",
    "ce-source": "The service.",
    "ce-subject": "The aggregate.",
    "ce-time": "When it was decided, ISO 8601 in UTC.",
    "ce-datacontenttype": "The type of the body.",
    "ce-authid": "The account that asked.",
    "ce-authtype": "`user`; `system` for what services do by themselves.",
    "ce-correlationid": "The flow that it belongs to: the id of the command that began it.",
    "ce-causationid": "The id of the command or event that led to it.",
    "ce-partitionkey": "The aggregate, within which events are in order.",
    "ce-sequence": "The place in the log of the service, with leading zeros.",
    "ce-logid": "The id of that log.",
    "ce-commandid": "The id of the command.",
}
"""All are there but for the last one, which only events have that a command led to."""
_OF_ALL = ("ce-specversion", "ce-source", "ce-datacontenttype", "ce-sequence", "ce-logid")
MALFORMED = {
    **{name: EVENT[name] for name in _OF_ALL},
    "ce-id": "Tells it from every other.",
    "ce-type": "`<service>.malformed`.",
    "ce-time": "When it was told, ISO 8601 in UTC.",
    "ce-sequence": "The place of the last refusal before it.",
}
"""All are there."""
REFUSAL = {
    **{name: EVENT[name] for name in EVENT if name != "ce-partitionkey"},
    "ce-id": "The place in the command log, `<service>/command/<number>`.",
    "ce-type": "What was refused, `<service>.<Command>.refused`.",
    "ce-subject": "The key of the aggregate that was asked.",
    "ce-sequence": "The place in the command log, with leading zeros.",
}
"""All are there."""
ID = "0f3c9a5e"
"""The id of the command in all examples."""
TIME = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
"""When it was sent."""


def of_request() -> dict[str, str]:
    """Those of a request, as an example."""
    envelope = Envelope(
        id=ID,
        actor="ann",
        time=TIME,
        deadline=TIME + timedelta(seconds=10),
        correlation_id=ID,
        after=("listing/partner/example@1",),
    )
    return attributes_of(envelope)


def of_event(kind: type[Event], position: Position) -> dict[str, str]:
    """Those of an event, as an example."""
    meta = Meta(actor="ann", command_id=ID, correlation_id=ID, causation_id=ID, time=TIME)
    return Published(kind.TOPIC, position, meta, 7, "2b7d4c", b"").attributes()


def of_refusal() -> dict[str, str]:
    """Those of a refused command, as an example."""
    row = CommandRow(
        command_id=ID,
        service="token",
        name="CreateToken",
        key="com.example.roadmap",
        actor="ann",
        body="{}",
        request_hash="",
        prepared=None,
        outcome="{}",
        correlation_id=ID,
        causation_id=None,
        time=iso(TIME),
    )
    return refusal_attributes(row, 7, "2b7d4c")


def of_malformed() -> dict[str, str]:
    """Those of a request that could not be read, as an example."""
    return malformed_attributes("token", "5c1f", TIME, 7, "2b7d4c")
