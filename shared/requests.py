"""The door: a raw message becomes a request in its envelope, or is refused there."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

from pydantic import ValidationError

from shared.errors import BadRequest, SubjectMismatch
from shared.messages import Envelope, Request
from shared.subjects import Address, encode

MAX_BODY = 64 * 1024
"""Bytes of a request's body."""

_ENVELOPE_FIELDS = {
    "ce-expirytime": "deadline",
    "ce-correlationid": "correlation_id",
    "ce-causationid": "causation_id",
}


@dataclass(frozen=True)
class Asked:
    """A request that passed the door."""

    request: Request
    envelope: Envelope


def request_id(headers: Mapping[str, str]) -> str:
    """The id that the sender gave, else a new one."""
    return unquote(headers.get("ce-id", "")) or uuid.uuid4().hex


def read(
    subject: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    id: str,  # noqa: A002  # the word of the envelope
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
        envelope = _envelope(address.actor, headers, id, time)
        request = classes[address.name].model_validate_json(body or b"{}")
    except ValidationError as error:
        raise BadRequest(reason=_reason(error)) from None
    if request.key != address.key:
        raise SubjectMismatch(subject_key=encode(address.key), body_key=encode(request.key))
    return Asked(request, envelope)


def _envelope(actor: str, headers: Mapping[str, str], id: str, time: datetime) -> Envelope:  # noqa: A002
    fields: dict[str, object] = {"id": id, "actor": actor, "time": time, "correlation_id": id}
    for header, field in _ENVELOPE_FIELDS.items():
        if header in headers:
            fields[field] = unquote(headers[header])
    if headers.get("ce-after"):
        fields["after"] = tuple(unquote(headers["ce-after"]).split(","))
    return Envelope.model_validate(fields)


def headers_of(envelope: Envelope) -> dict[str, str]:
    """The headers with which a request is sent; the actor stands in the subject."""
    headers = {"ce-id": envelope.id, "ce-correlationid": envelope.correlation_id}
    if envelope.causation_id is not None:
        headers["ce-causationid"] = envelope.causation_id
    if envelope.deadline is not None:
        headers["ce-expirytime"] = envelope.deadline.isoformat()
    if envelope.after:
        headers["ce-after"] = ",".join(envelope.after)
    return {name: quote(value, safe="!#$&'()*+,/:;=?@[]~") for name, value in headers.items()}


def _reason(error: ValidationError) -> str:
    """All that is wrong, by field, without the values: they may be secret."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    )
