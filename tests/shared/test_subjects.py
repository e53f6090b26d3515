"""Subjects carry service, name, key and actor; what could mean more than one is none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.listing.events import PartnerRegistered
from services.token.commands import CreateToken
from services.token.events import TokenRemoved
from shared.names import fold
from shared.subjects import Address, decode, encode, event_subject, is_inbox

IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)
APP_KEYS = st.from_regex(r"[-._A-Za-z0-9]{0,31}[A-Za-z0-9][-._A-Za-z0-9]{0,31}", fullmatch=True)
NO_TOKEN = ["", "*", ">", "A", "a*", "a b", "a\n", "\n", "caf\u00e9", "\u212a", "a/b", "a@b"]


@settings(deadline=None)
@given(APP_KEYS | IDS, IDS)
def test_an_address_is_read_as_it_is_written(key: str, actor: str) -> None:
    address = Address("cmd", "token", "CreateToken", fold(key), actor)
    assert Address.parse(str(address)) == address


@settings(deadline=None)
@given(APP_KEYS | IDS)
def test_a_key_is_one_token_of_a_subject(key: str) -> None:
    assert not set(encode(key)) & set(".*> \r\n")
    assert decode(encode(key)) == fold(key)


def test_a_request_is_sent_to_its_service_key_and_actor() -> None:
    address = Address.of("cmd", CreateToken(app_key="Com.Example.App"), "anna")
    assert str(address) == "cmd.token.CreateToken.com:example:app.anna"


@pytest.mark.parametrize("actor", [*NO_TOKEN, "anna.b", "anna:b", "-anna", "a" * 64])
def test_who_is_no_account_has_no_address(actor: str) -> None:
    with pytest.raises(ValueError, match="no account"):
        Address.of("cmd", CreateToken(app_key="app"), actor)
    with pytest.raises(ValueError, match=r"no account|wanted"):
        Address.parse(f"cmd.token.CreateToken.app.{actor}")


@pytest.mark.parametrize("key", [*NO_TOKEN, ":", "::", "-", "a" * 65, "com:example:App"])
def test_a_malformed_key_is_no_address(key: str) -> None:
    with pytest.raises(ValueError, match="neither an app key nor an id"):
        Address.parse(f"cmd.token.CreateToken.{key}.anna")


@pytest.mark.parametrize("subject", ["", "cmd", "cmd.token.CreateToken.app", "c.t.C.a.b.anna"])
def test_a_subject_of_more_or_fewer_parts_is_no_address(subject: str) -> None:
    with pytest.raises(ValueError, match="wanted"):
        Address.parse(subject)


def test_an_event_of_an_app_is_published_under_its_key() -> None:
    event = TokenRemoved(app_key="Com.Example.App", token_id=7)
    assert event_subject(event) == "evt.token.TokenRemoved.com:example:app"


def test_an_event_of_no_app_is_published_under_an_underscore() -> None:
    event = PartnerRegistered(partner_id="acme", organisation="Acme", member="anna")
    assert event_subject(event) == "evt.listing.PartnerRegistered._"


@pytest.mark.parametrize("subject", ["_INBOX.a", "_INBOX.a.b", "_INBOX_gateway.a-Z_0:=.7"])
def test_an_inbox_of_a_listed_prefix_takes_replies(subject: str) -> None:
    assert is_inbox(subject, ("_INBOX", "_INBOX_gateway"))


@pytest.mark.parametrize(
    "subject",
    [
        *("$JS.API.STREAM.DELETE.EVENTS", "$JS.ACK.EVENTS.c.1.1.1.1.0", "$SYS.REQ.SERVER.PING"),
        *("evt.token.TokenCreated.app", "evt.x", "cmd.token.CreateToken.app.anna"),
        *("", ".", "_INBOX", "_INBOX.", "_INBOX..a", "_INBOX.a.", "._INBOX.a", "x._INBOX.a"),
        *("_INBOX.*", "_INBOX.>", "_INBOX.a.*", "_INBOX.a.>", "*.a", ">", "_INBOX.caf\u00e9"),
        *("_inbox.a", "_INBOXX.a", "_INBOX_gatewa.a", "_INBOX_other.a", " _INBOX.a"),
    ],
)
def test_no_reply_goes_to_another_subject(subject: str) -> None:
    assert not is_inbox(subject, ("_INBOX", "_INBOX_gateway"))
