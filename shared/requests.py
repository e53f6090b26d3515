"""The door: a raw message becomes a request in its envelope, or is refused there."""

import hashlib
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from shared.errors import BadRequest, SubjectMismatch
from shared.keys import mask
from shared.messages import Command, Envelope, Reply, Request
from shared.names import SERVICE_ACCOUNT, iso
from shared.subjects import Address, encode

Ask = Callable[[Command, Envelope], Awaitable[Reply]]
"""How another service is asked; raises Unavailable when it gives no reply."""

REPLY_TO = "ce-replyto"
"""The header of a durable command with the inbox to which its reply goes."""
MAX_BODY = 160 * 1024
"""Bytes of a request's body. The value of an app's property may have 32,768 characters, of four
bytes each, and twice as many where they are escaped."""

_SHOWN = 10
_ENVELOPE_FIELDS = {
    "ce-expirytime": "deadline",
    "ce-correlationid": "correlation_id",
    "ce-causationid": "causation_id",
    "ce-dryrun": "dry_run",
}


@dataclass(frozen=True)
class Asked:
    """A request that passed the door."""

    request: Request
    envelope: Envelope


def request_id(attributes: Mapping[str, str]) -> str:
    """The id that the sender gave, else a new one."""
    return attributes.get("ce-id") or uuid.uuid4().hex


def read(
    subject: str,
    attributes: Mapping[str, str],
    body: bytes,
    *,
    request_id: str,
    time: datetime,
    classes: Mapping[str, type[Request]],
) -> Asked:
    """Read a message; raises BadRequest or SubjectMismatch, and then nothing has happened."""
    try:
        address = Address.parse(subject)
    except ValueError as error:
        raise BadRequest(reason=f"subject: {error}") from None
    if address.name not in classes:
        raise BadRequest(reason=f"{address.service} knows no {address.name[:100]!r}")
    if len(body) > MAX_BODY:
        raise BadRequest(reason=f"the body has more than {MAX_BODY} bytes")
    try:
        envelope = _envelope(address.actor, attributes, request_id, time)
        request = classes[address.name].model_validate_json(body or b"{}")
    except ValidationError as error:
        raise BadRequest(reason=_reason(error)) from None
    _refuse_tokens(request, envelope)
    if request.key != address.key:
        raise SubjectMismatch(subject_key=encode(address.key), body_key=encode(request.key))
    return Asked(request, envelope)


def attributes_of(envelope: Envelope) -> dict[str, str]:
    """The attributes with which a request is sent; the actor stands in the subject."""
    attributes = {"ce-id": envelope.id, "ce-correlationid": envelope.correlation_id}
    if envelope.causation_id is not None:
        attributes["ce-causationid"] = envelope.causation_id
    if envelope.deadline is not None:
        attributes["ce-expirytime"] = iso(envelope.deadline)
    if envelope.after:
        attributes["ce-after"] = ",".join(envelope.after)
    if envelope.dry_run:
        attributes["ce-dryrun"] = "true"
    return attributes


def follow_up(
    step: str,
    *,
    cause: str,
    correlation_id: str,
    time: datetime,
    actor: str = SERVICE_ACCOUNT,
    after: tuple[str, ...] = (),
    deadline: datetime | None = None,
    dry_run: bool = False,
) -> Envelope:
    """The envelope of a command to which something else leads.

    Its id follows from the cause and the step, so doing the step again is a repetition. The
    service asks in its own name, unless it asks for somebody whose right has to be checked.
    """
    return Envelope(
        id=hashlib.sha256(f"{cause}:{step}".encode()).hexdigest(),
        actor=actor,
        time=time,
        correlation_id=correlation_id,
        causation_id=cause,
        after=after,
        deadline=deadline,
        dry_run=dry_run,
    )


def _envelope(
    actor: str, attributes: Mapping[str, str], request_id: str, time: datetime
) -> Envelope:
    fields: dict[str, object] = {
        "id": request_id,
        "actor": actor,
        "time": time,
        "correlation_id": request_id,
    }
    for name, field in _ENVELOPE_FIELDS.items():
        if name in attributes:
            fields[field] = attributes[name]
    if attributes.get("ce-after"):
        fields["after"] = tuple(attributes["ce-after"].split(","))
    return Envelope.model_validate(fields)


def _refuse_tokens(request: Request, envelope: Envelope) -> None:
    """What is kept and published holds no token, not even one that was pasted by mistake."""
    body = request.as_json
    if request.SECRET:
        body = request.model_dump_json(exclude={request.SECRET})
    ids = (envelope.id, envelope.correlation_id, envelope.causation_id or "", *envelope.after)
    for place, text in (("body", body), ("headers", " ".join(ids))):
        if mask(text) != text:
            raise BadRequest(reason=f"{place}: an access token stands where none belongs")


def _reason(error: ValidationError) -> str:
    """What is wrong, by field, without the values: they may be secret."""
    problems = [
        f"{'.'.join(map(str, problem['loc']))[:100] or 'body'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    ]
    more = len(problems) - _SHOWN
    return "; ".join(problems[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
