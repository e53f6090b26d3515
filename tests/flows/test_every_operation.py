"""What the flow tests put on the bus is what the AsyncAPI document says.

A run of all tests fails when an operation of it was never seen, see tests/conftest.py.
"""

import pytest

from tests.flows import tap


def answer(body: bytes) -> tap.Heard:
    """A reply with that body."""
    return tap.Heard("_INBOX.r", "", {}, body)


def test_a_message_that_is_none_of_the_document_is_found() -> None:
    body = b'{"app_key":"x"}'
    accepted = answer(b'{"status":"accepted","command_id":"c","position":"token/tokens/x@1"}')
    refused = b'{"status":"refused","command_id":"c","code":"bad-request","detail":""}'
    asked = tap.Heard("cmd.token.CreateToken.x.ann", "_INBOX.r", {}, body)
    for wrong, part in (
        ([tap.Heard("evt.token.Strange.x", "", {}, b"{}")], "belongs to no operation"),
        ([tap.Heard("evt.token.TokenRemoved.x", "", {}, body)], "'ce-id' is a required property"),
        ([tap.Heard("evt.token.TokenRemoved.x", "", {}, b"{}")], "'token_id' is a required"),
        ([tap.Heard("evt.token.TokenRemoved", "", {}, b"{}")], "is not evt.token.TokenRemoved."),
        ([asked._replace(body=b"{}"), accepted], "but was answered with"),
        ([asked._replace(subject="cmd.token.X.x.ann"), accepted], "belongs to no operation"),
        ([asked, accepted], "'events' is a required property"),
        ([asked, answer(refused)], "'hint' is a required property"),
        ([asked, answer(refused.replace(b"bad-request", b"x"))], "code: 'x'"),
        ([asked, answer(b'{"status":"maybe"}')], "'accepted' was expected"),
    ):
        assert any(part in told for told in tap.judged(wrong)), list(tap.judged(wrong))


def test_an_operation_that_nobody_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    every = {*tap.DOCUMENT["operations"]}
    monkeypatch.setattr(tap, "seen", every - {"cmd.token.CreateToken"})
    assert tap.unseen() == ["cmd.token.CreateToken"]
    monkeypatch.setattr(tap, "seen", every)
    assert tap.unseen() == []
