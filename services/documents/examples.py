"""An example of every message, made of one example for each field."""

from collections.abc import Iterator
from typing import Any, get_args

from services.documents.headers import ID
from shared.links import Link
from shared.messages import Accepted, Answered, Command, Event, Message, Query, Request
from shared.names import Position

_LINK = Link("com.example.roadmap", 1).url("https://guestlist.example.com")

FIELDS: dict[str, Any] = {
    "actor": "ann",
    "after": 3,
    "attempts": 5,
    "behind": {"token_listing": 3},
    "causation_id": ID,
    "command_id": ID,
    "consumer": "token_listing",
    "correlation_id": ID,
    "dead_letters": 1,
    "fetched": 0,
    "log_end": 42,
    "loop_lag": 0.002,
    "number": 1,
    "service": "token",
    "why": ["NATS is away"],
    "account": "eve",
    "address": "1 Example Street, Exampleton",
    "admin": "bob",
    "admins": ["bob"],
    "api_version": 1,
    "app_key": "com.example.roadmap",
    "applied_at": "2026-11-25T09:31:00Z",
    "attempt": 1,
    "authentication": "none",
    "base_url": "https://site-a.example.com",
    "beta": True,
    "build": 1,
    "builds": [1],
    "categories": ["planning"],
    "change": "major",
    "cause": 7,
    "client_key": "7f3c7a5e-0d0a-5b0e-9a55-3f6f0a4f7c10",
    "cloud_id": "2f1e1b8e-95f0-5a3c-8f37-0a9c2f3f6a10",
    "code": "token-bound-to-other-site",
    "created": True,
    "created_at": "2026-11-25T09:30:00Z",
    "descriptor": {"key": "com.example.roadmap", "name": "Roadmap"},
    "descriptor_link": _LINK,
    "descriptor_url": "https://roadmap.example.com/atlassian-connect.json",
    "detail": "Token 1 of com.example.roadmap was applied on another site.",
    "entitlement_number": "SEN-123456789",
    "email": "apps@example.com",
    "enabled": True,
    "from_version": "1.0.0",
    "generation": 2,
    "head": "",
    "hook": "installed",
    "hooks": {"installed": "/installed"},
    "hosting": "cloud",
    "installation_id": "site-a/com.example.roadmap/1",
    "key": "com.example.roadmap",
    "kid": "20261125t093000z-5f2c9a1e7b3d4c60",
    "lic": "active",
    "licence": "ACTIVE_SUBSCRIPTION",
    "licence_read_only": True,
    "licensing": True,
    "maker": "ann",
    "member": "ann",
    "members": ["ann"],
    "milliseconds": 12,
    "name": "Roadmap",
    "note": "for site-a",
    "old_base_url": "https://before.example.com",
    "organisation": "Example Ltd",
    "outcome": "taken",
    "page": "roadmap",
    "paid": True,
    "partner_id": "example",
    "pem": "-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n",
    "payment_model": "paid-via-atlassian",
    "private": True,
    "private_listings": True,
    "product": "jira",
    "reason": "the summary is too short",
    "scopes": ["READ"],
    "secret": "1.k1",
    "sent_at": "2026-11-25T09:30:00Z",
    "site_id": "site-a",
    "state": "ACTIVE_TRIAL",
    "status": "private",
    "summary": "Plans for teams",
    "token": "gl_1_k1***",
    "token_id": 1,
    "url": "https://roadmap.example.com/atlassian-connect.json",
    "valid": True,
    "value": '{"columns": 3}',
    "vendor": "Example",
    "version": "1.0.0",
    "visibility": "private",
}
"""By field, or by `<Message>.<field>` where that means something else."""
FIELDS |= {
    "Chosen.number": 1,
    "DeadLetter.aggregate": "listing/com.example.roadmap",
    "DeadLetter.body": '{"app_key": "com.example.roadmap"}',
    "DeadLetter.headers": {"ce-type": "listing.ListingApproved"},
    "DeadLetter.reason": "KeyError: com.example.roadmap",
    "DeadLetter.subject": "evt.listing.ListingApproved.com:example:roadmap",
    "DeadLetter.time": "2026-11-25T09:30:00Z",
    "DeadLetter.version": 4,
    "Found.log_id": "2b7d4c",
    "Health.refused": {"token-limit-reached": 2},
    "Health.status": "not ready",
    "Health.time": "2026-11-25T09:30:00Z",
    "Missing.aggregate": "listing/com.example.roadmap",
    "StoredEvent.data": {"app_key": "com.example.roadmap"},
    "StoredEvent.type": "listing.ListingApproved",
    "StoredEvent.version": 4,
    "Meta.time": "2026-11-25T09:30:00Z",
    "ChangeContact.url": "https://example.com",
    "LinkedDescriptor.token": "gl_1_k1***",
    "PageView.url": "https://roadmap.example.com/page?xdm_e=https%3A%2F%2Fsite-a.example.com&lic=active&jwt=…",
    "AddonView.licence": {
        "active": True,
        "evaluation": True,
        "entitlement_id": "0e7f3c52-5e0b-5d2e-8a2e-6f4f0e3f9d11",
        "entitlement_number": "SEN-123456789",
    },
    "AppRequest.path": "/rest/atlassian-connect/1/addons/com.example.roadmap",
    "AppRequest.token": "eyJhbGciOiJIUzI1NiJ9…",
    "AnswerHook.url": "https://roadmap.example.com/installed",
    "Delivery.status": 200,
    "Delivery.url": "https://roadmap.example.com/installed",
    "DeliveriesView.waiting": ["enabled"],
    "HookAnswered.status": 200,
    "HookAnswered.url": "https://roadmap.example.com/installed",
    "AppPropertiesView.names": ["board"],
    "AppProperty.name": "board",
    "AppPropertyDeleted.name": "board",
    "AppPropertySet.name": "board",
    "AppPropertyView.name": "board",
    "DeleteAppProperty.name": "board",
    "SetAppProperty.name": "board",
    "InstallAttemptView.code": "hook-refused",
    "InstallAttemptView.detail": "https://roadmap.example.com/installed answered 500.",
    "InstallAttemptView.state": "failed",
    "InstallAttemptView.status": 500,
    "InstallFailed.status": 500,
    "InstallRequested.base_url": "https://roadmap.example.com",
    "InstallApp.url": f"{_LINK}?access-token=gl_1_k1***",
    "Links.private": f"{_LINK}?access-token=gl_1_k1***",
    "Malformed.code": "bad-request",
    "Malformed.detail": "The request can't be read: app_key: Field required.",
    "Malformed.subject": "cmd.token.CreateToken.com:example:roadmap.ann",
    "RefusedCommand.body": {"app_key": "com.example.roadmap", "note": "for site-a"},
    "RefusedCommand.code": "token-limit-reached",
    "RefusedCommand.command": "CreateToken",
    "RefusedCommand.data": {"app_key": "com.example.roadmap", "limit": 50},
    "RefusedCommand.detail": "com.example.roadmap has 50 active tokens, and no app may have more.",
    "Malformed.size": 2,
    "AppUpdated.version": "1.1.0",
    "AppView.description": "Plans for teams",
    "PartnerContactChanged.url": "https://example.com",
    "PartnerRegistered.url": "https://example.com",
    "PartnerView.url": "https://example.com",
    "RegisterPartner.url": "https://example.com",
    "RenameSite.base_url": "https://new.example.com",
    "SiteRenamed.base_url": "https://new.example.com",
    "TokenView.status": "applied",
}
_ABOUT: dict[str, dict[str | None, str]] = {
    "listing": {"app_key": "listing", "partner_id": "partner"},
    "token": {"app_key": "tokens"},
    "installation": {"site_id": "site"},
}
"""By service: the kind of aggregate that has a field for its id."""


def example(kind: type[Message]) -> dict[str, Any]:
    """A message of that kind as JSON data; raises KeyError for a field without an example."""
    return dict(_fields(kind))


def success(kind: type[Request]) -> dict[str, Any]:
    """The reply to a request of that kind that is a success, as JSON data."""
    position = _position(kind.SERVICE, kind)
    given = gives(kind)
    data = {} if given is None else given.model_validate(example(given)).model_dump(mode="json")
    if issubclass(kind, Query):
        return Answered(data=data, position=position).model_dump(mode="json")
    return Accepted(command_id=ID, position=position, result=data).model_dump(mode="json")


def gives(kind: type[Request]) -> type[Message] | None:
    """What is in a reply that is a success."""
    return kind.RESULT if issubclass(kind, Command) else getattr(kind, "ANSWER", None)


def position(kind: type[Event]) -> Position:
    """Where an event of that kind could stand."""
    return Position.parse(_position(kind.TOPIC.partition(".")[0], kind))


def _position(service: str, kind: type[Message]) -> str:
    about = next((name for name in _ABOUT[service] if name in kind.model_fields), None)
    key = "_" if about is None else FIELDS[about]
    aggregate = _ABOUT[service].get(about, "listing")
    if "AppPropert" in kind.__name__:  # these stand beside the site
        aggregate = "properties"
    return f"{service}/{aggregate}/{key}@3"


def _fields(kind: type[Message]) -> Iterator[tuple[str, Any]]:
    for name, field in kind.model_fields.items():
        known = FIELDS.get(f"{kind.__name__}.{name}", FIELDS.get(name))
        inner = _message(field.annotation)
        if known is not None:
            yield name, known
        elif inner is not None:
            told = example(inner)
            yield name, told if field.annotation is inner else [told]
        elif field.is_required() and type(None) in get_args(field.annotation):
            yield name, None
        elif field.is_required():
            raise KeyError(f"{kind.__name__}.{name}")


def _message(annotation: Any) -> type[Message] | None:
    """The kind of message that a field holds, or holds several of."""
    if isinstance(annotation, type) and issubclass(annotation, Message):
        return annotation
    return next(filter(None, map(_message, get_args(annotation))), None)
