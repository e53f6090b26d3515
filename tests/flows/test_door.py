"""What can't be a request reaches nothing: no row, no event, no foreign subject."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import nats
import pytest
from nats.aio.client import Client as Connection

from services.installation.queries import App
from services.supervisor import Supervisor
from services.token.commands import CreateToken
from services.token.events import TokenCreated
from shared.client import Client
from shared.subjects import EVENTS
from tests.clients.audit import Audit
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted

APP = "com.example.door"
SUBJECT = "cmd.token.CreateToken.com:example:door.ann"
BODY = {"app_key": APP}
FOREIGN = [
    f"$JS.API.STREAM.DELETE.{EVENTS}",
    f"$JS.API.STREAM.PURGE.{EVENTS}",
    f"$JS.API.CONSUMER.DELETE.{EVENTS}.token_listing",
    "evt.token.TokenRemoved.com:example:door",
    "cmd.token.RemoveToken.com:example:door.ann",
    "qry.token.ListTokens.com:example:door.ann",
    "$SYS.REQ.SERVER.PING",
    "health.token",
    "inbox.mine",
    "_INBOX",
    "_INBOXES.mine",
    "_inbox.mine",
]
MALFORMED = [
    "cmd.token.CreateToken.com:example:door",
    "cmd.token.CreateToken.com.example.door.ann",
    "cmd.token.CreateToken.com:example:door.ann.bob",
    "cmd.token.CreateToken.COM:example:door.ann",
    "cmd.token.CreateToken.com%2Eexample%2Edoor.ann",
    "cmd.token.CreateToken.com:example:d\u00f6\u00f6r.ann",
    "cmd.token.CreateToken.com:example:door.Ann",
    "cmd.token.CreateToken.com:example:door.-ann",
    "cmd.token.CreateToken.com:example:door.a%20b",
    f"cmd.token.CreateToken.com:example:door.{'a' * 64}",
    "cmd.token.createToken.com:example:door.ann",
    "cmd.token.DropTables.com:example:door.ann",
    "cmd.token.AttachToken.com:example:door.ann",
    "cmd.installation.FinishInstall.site.guestlist",
]
KEYS = ["com:example:other", "com:example", "com:example:door:x", "example", "door", "_"]


@pytest.fixture(scope="module")
async def wire(house: Supervisor, client: Client, audit: Audit) -> AsyncIterator[Connection]:
    """A plain connection of somebody who is careful with nothing; an app is known everywhere."""
    await acting.list_app(client, APP)
    await accepted(client, ANN, CreateToken(app_key=APP))
    await client.query(App(site_id="none", app_key=APP), actor=BOB)
    await audit.see(TokenCreated, app_key=APP)
    connection = await nats.connect(house.url)
    yield connection
    await connection.close()


async def published(wire: Connection) -> tuple[int, int]:
    """What the stream holds."""
    info = await wire.jetstream().stream_info(EVENTS)
    return info.state.messages, info.state.last_seq


async def ask(wire: Connection, subject: str, body: bytes | Mapping[str, Any]) -> Any:
    """The reply to a message."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json.loads((await wire.request(subject, content, timeout=2)).data)


async def reached_the_door(wire: Connection) -> None:
    """Wait until the token service has taken all that was sent before."""
    await wire.flush()
    await ask(wire, "qry.token.ListTokens.com:example:door.ann", BODY)


async def test_the_door_is_open_for_who_asks_well(
    house: Supervisor, wire: Connection, audit: Audit
) -> None:
    before = acting.kept(house)
    reply = await ask(wire, SUBJECT, BODY)
    assert reply["status"] == "accepted"
    assert acting.kept(house) - before == {"token stored_events": 1, "token command_log": 1}
    await audit.see(TokenCreated, app_key=APP, token_id=reply["result"]["token_id"])


@pytest.mark.parametrize("reply_to", FOREIGN)
async def test_a_foreign_reply_subject_is_refused_and_reaches_nothing(
    house: Supervisor, wire: Connection, reply_to: str
) -> None:
    stored, streamed, heard = acting.kept(house), await published(wire), []
    subscription = await wire.subscribe(reply_to)
    await wire.publish(SUBJECT, json.dumps(BODY).encode(), reply=reply_to)
    await wire.publish(
        "qry.token.ListTokens.com:example:door.ann", b'{"app_key":"x"}', reply=reply_to
    )
    await reached_the_door(wire)
    while subscription.pending_msgs:
        heard.append(await subscription.next_msg(timeout=1))
    await subscription.unsubscribe()
    assert [message.data for message in heard if b'"status"' in message.data] == []
    assert (acting.kept(house), await published(wire)) == (stored, streamed)


@pytest.mark.parametrize("subject", MALFORMED)
async def test_a_malformed_subject_is_refused_and_reaches_nothing(
    house: Supervisor, wire: Connection, subject: str
) -> None:
    stored, streamed = acting.kept(house), await published(wire)
    reply = await ask(wire, subject, BODY)
    assert (reply["status"], reply["code"]) == ("refused", "bad-request")
    assert (acting.kept(house), await published(wire)) == (stored, streamed)


@pytest.mark.parametrize("key", KEYS)
async def test_a_key_that_is_not_the_bodys_is_refused_and_reaches_nothing(
    house: Supervisor, wire: Connection, key: str
) -> None:
    stored, streamed = acting.kept(house), await published(wire)
    reply = await ask(wire, f"cmd.token.CreateToken.{key}.ann", BODY)
    assert (reply["status"], reply["code"]) == ("refused", "subject-mismatch")
    assert (acting.kept(house), await published(wire)) == (stored, streamed)


async def test_no_bad_message_keeps_the_service_from_the_next_one(wire: Connection) -> None:
    for body in (b"", b"\xff", b"{", b"[" * 100_000, b"x" * 200_000, b"null"):
        reply = await ask(wire, SUBJECT, body)
        assert (reply["status"], reply["code"]) == ("refused", "bad-request")
    assert (await ask(wire, SUBJECT, BODY))["status"] == "accepted"
