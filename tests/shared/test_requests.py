"""A message becomes a request in its envelope, or is refused without a word of its values."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.installation.commands import RegisterSite, SetLicenceState, SetToken
from services.token.commands import CreateToken, RemoveToken
from shared import headers
from shared.errors import BadRequest, Refusal, SubjectMismatch
from shared.keys import Keys
from shared.messages import MAX_AFTER, Envelope, Request
from shared.requests import MAX_BODY, Asked, attributes_of, follow_up, read, request_id
from shared.subjects import Address

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
CLASSES: dict[str, type[Request]] = {
    kind.__name__: kind
    for kind in (CreateToken, RemoveToken, RegisterSite, SetLicenceState, SetToken)
}
SECRET = "gl_7_k1-a-secret"
SUBJECT = "cmd.token.CreateToken.com:example:app.anna"
BODY = b'{"app_key": "com.example.App", "note": "for Bob"}'
TEXT = st.text(min_size=1, max_size=200)


def door(
    subject: str = SUBJECT,
    body: bytes = BODY,
    *,
    id_: str = "id-7",
    sent: Mapping[str, str] = MappingProxyType({}),
) -> Asked:
    """Read a message that came now."""
    return read(subject, sent, body, request_id=id_, time=NOW, classes=CLASSES)


def test_a_message_becomes_a_request_in_its_envelope() -> None:
    asked = door()
    assert asked.request == CreateToken(app_key="com.example.App", note="for Bob")
    assert asked.envelope == Envelope(id="id-7", actor="anna", time=NOW, correlation_id="id-7")


def test_the_headers_fill_the_envelope() -> None:
    sent = {
        "ce-expirytime": "2026-11-25T10:30:00+01:00",
        "ce-correlationid": "flow",
        "ce-causationid": "cause",
        "ce-after": "listing/app@3,token/app@4",
        "ce-dryrun": "true",
    }
    envelope = door(sent=sent).envelope
    assert (envelope.dry_run, door().envelope.dry_run) == (True, False)
    assert envelope.deadline == NOW
    assert (envelope.correlation_id, envelope.causation_id) == ("flow", "cause")
    assert envelope.after == ("listing/app@3", "token/app@4")
    most = door(sent={"ce-after": ",".join(["token/app@3"] * MAX_AFTER)})
    assert most.envelope.after == ("token/app@3",) * MAX_AFTER


def test_nobody_can_ask_in_the_name_of_another_or_at_another_time() -> None:
    sent = {"ce-actor": "operator", "actor": "operator", "ce-time": "2020-01-01T00:00:00Z"}
    assert door(sent=sent) == door()


@settings(deadline=None)
@given(
    st.builds(
        Envelope,
        id=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1),
        actor=st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True),
        time=st.just(NOW),
        deadline=st.none() | st.datetimes(timezones=st.just(UTC)),
        correlation_id=TEXT,
        causation_id=st.none() | TEXT,
        after=st.lists(st.sampled_from(["listing/app@3", "token/com.example.app@4"])).map(tuple),
    )
)
def test_an_envelope_arrives_as_it_was_sent(envelope: Envelope) -> None:
    request = CreateToken(app_key="app")
    subject = str(Address.of("cmd", request, envelope.actor))
    attributes = headers.decode(headers.encode(attributes_of(envelope)))
    body = request.model_dump_json().encode()
    asked = read(
        subject,
        attributes,
        body,
        request_id=request_id(attributes),
        time=NOW,
        classes=CLASSES,
    )
    assert asked == Asked(request, envelope)


@pytest.mark.parametrize(
    ("name", "body", "fields"),
    [
        ("CreateToken", b"", ["app_key: "]),
        ("CreateToken", b"{}", ["app_key: "]),
        ("CreateToken", b'{"app_key": null}', ["app_key: "]),
        ("CreateToken", b'{"app_key": "a", "note": ["SECRET"]}', ["note: "]),
        ("CreateToken", b'{"app_key": "SECRET!"}', ["app_key: "]),
        ("CreateToken", b'{"app_key": "a", "extra": "SECRET"}', ["extra: "]),
        ("CreateToken", b'{"note": "%b SECRET"}' % (b"x" * 200), ["app_key: ", "note: "]),
        ("CreateToken", b'"SECRET"', ["body: "]),
        ("CreateToken", b'["SECRET"]', ["body: "]),
        ("CreateToken", b'{"app_key": "SECRET"', ["body: "]),
        ("CreateToken", b"SECRET", ["body: "]),
        ("CreateToken", b'{"app_key": "\xff"}', ["body: "]),
        ("CreateToken", b"[" * 10_000, ["body: "]),
        ("RemoveToken", b'{"app_key": "a", "token_id": "7 SECRET"}', ["token_id: "]),
        ("RemoveToken", b'{"app_key": "a", "token_id": "7"}', ["token_id: "]),
        ("RemoveToken", b'{"app_key": "a", "token_id": 7.0}', ["token_id: "]),
        ("RemoveToken", b'{"app_key": "a", "token_id": true}', ["token_id: "]),
        ("RemoveToken", b'{"app_key": "a", "token_id": 0}', ["token_id: "]),
        ("RemoveToken", b'{"app_key": "a", "token_id": NaN}', ["token_id: "]),
        ("SetLicenceState", b'{"site_id": "a", "app_key": "b", "state": "SECRET"}', ["state: "]),
        (
            "RegisterSite",
            b'{"site_id": "A", "base_url": "SECRET", "product": "SECRET", "admin": "SECRET"}',
            ["site_id: ", "base_url: ", "product: ", "admin: "],
        ),
    ],
)
def test_a_bad_body_is_refused_by_its_fields_without_its_values(
    name: str, body: bytes, fields: list[str]
) -> None:
    with pytest.raises(BadRequest) as refused:
        door(f"cmd.any.{name}.a.anna", body.replace(b"SECRET", SECRET.encode()))
    reason = str(refused.value.data["reason"])
    assert [named for named in reason.split("; ") if not named.startswith(tuple(fields))] == []
    assert all(field in reason for field in fields)
    assert "secret" not in refused.value.reply("id-7").model_dump_json().lower()


def test_a_body_with_thousands_of_problems_gets_a_short_answer() -> None:
    body = "{" + ",".join(f'"{number:x>200}": 1' for number in range(300)) + "}"
    with pytest.raises(BadRequest, match=r"; and 291 more\.$") as refused:
        door(body=body.encode())
    assert len(refused.value.detail) < 2000


@pytest.mark.parametrize(
    "subject",
    [
        *("cmd.token.CreateToken.app", "cmd.token.CreateToken.com.example.app.anna"),
        *("cmd.token.CreateToken..anna", "cmd.token.CreateToken.*.anna", "cmd.token.x.>.anna"),
        *("cmd.token.CreateToken.App.anna", "cmd.token.CreateToken.caf\u00e9.anna"),
        *("cmd.token.CreateToken.app.Anna", "cmd.token.CreateToken.app.", "cmd.token.x.app.*"),
    ],
)
def test_a_malformed_subject_is_refused(subject: str) -> None:
    with pytest.raises(BadRequest, match="subject: "):
        door(subject)


@pytest.mark.parametrize("name", ["Unknown", "createtoken", "AttachToken", "", "x" * 10_000])
def test_an_unknown_name_is_refused_with_the_service_that_was_asked(name: str) -> None:
    with pytest.raises(BadRequest, match="token knows no") as refused:
        door(f"cmd.token.{name}.com:example:app.anna")
    assert len(refused.value.detail) < 200


def test_the_key_in_the_subject_is_that_of_the_body() -> None:
    with pytest.raises(SubjectMismatch) as refused:
        door(body=b'{"app_key": "com.example.Other"}')
    named = {"subject_key": "com:example:app", "body_key": "com:example:other"}
    assert refused.value.data == named


def test_a_body_of_64_kib_is_read_and_a_longer_one_refused() -> None:
    longest = BODY.ljust(MAX_BODY)
    assert (len(longest), door(body=longest)) == (MAX_BODY, door())
    with pytest.raises(BadRequest, match=str(MAX_BODY)):
        door(body=longest + b" ")


@pytest.mark.parametrize(
    ("header", "value", "field"),
    [
        *(("expirytime", value, "deadline") for value in ("", "soon", "2026-11-25T09:30:00")),
        *(("after", value, "after") for value in (",", "token", "token/app@3,", "token/app@x")),
        ("after", ",".join(["token/app@3"] * (MAX_AFTER + 1)), "after"),
        *(("correlationid", value, "correlation_id") for value in ("", "x" * 201)),
        *(("causationid", value, "causation_id") for value in ("", "x" * 201)),
    ],
)
def test_a_bad_header_is_refused_by_its_field(header: str, value: str, field: str) -> None:
    with pytest.raises(BadRequest, match=f"^The request can't be read: {field}"):
        door(sent={f"ce-{header}": value})


@pytest.mark.parametrize("id_", ["", " ", "a b", "a\n", "caf\u00e9", "\x7f", "x" * 201])
def test_a_bad_id_is_refused(id_: str) -> None:
    with pytest.raises(Refusal, match=": id: "):
        door(id_=id_)


def test_a_request_without_an_id_gets_one_of_its_own() -> None:
    assert request_id({"ce-id": "id-7"}) == "id-7"
    assert len({request_id({}), request_id({}), request_id({"ce-id": ""})} - {""}) == 3


def test_doing_a_step_again_is_a_repetition() -> None:
    def step(name: str, cause: str, time: datetime = NOW) -> Envelope:
        return follow_up(name, cause=cause, correlation_id="flow", time=time)

    once, again = step("apply", "e@1"), step("apply", "e@1", NOW + timedelta(days=1))
    assert once.id == again.id
    assert len({once.id, step("clear", "e@1").id, step("apply", "e@2").id}) == 3
    assert (once.actor, once.causation_id, once.correlation_id) == ("guestlist", "e@1", "flow")


@pytest.mark.parametrize(
    ("subject", "body", "sent"),
    [
        (SUBJECT, b'{"app_key": "com.example.App", "note": "for %b"}', {}),
        (
            "cmd.any.RegisterSite.a.anna",
            b'{"site_id": "a", "base_url": "https://a/%b", "product": "jira", "admin": "a"}',
            {},
        ),
        (SUBJECT, BODY, {"ce-correlationid": "flow-{}"}),
        (SUBJECT, BODY, {"ce-causationid": "{}"}),
    ],
)
def test_what_is_kept_holds_no_token(subject: str, body: bytes, sent: dict[str, str]) -> None:
    token = Keys({"k1": bytes(32)}).token("com.example.app", 7)
    filled = {name: value.format(token) for name, value in sent.items()}
    with pytest.raises(BadRequest, match="token stands where none belongs") as refused:
        door(subject, body % token.encode() if b"%b" in body else body, sent=filled)
    assert token not in refused.value.detail


def test_a_token_stands_where_it_belongs() -> None:
    token = Keys({"k1": bytes(32)}).token("com.example.app", 7)
    asked = door(
        "cmd.any.SetToken.a.anna", b'{"site_id":"a","app_key":"b","token":"%b"}' % token.encode()
    )
    assert asked.request == SetToken(site_id="a", app_key="b", token=token)
