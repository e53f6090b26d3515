"""What was refused is told too: who asked for what, and which rule said no."""

import json

import pytest
from nats.aio.client import Client as Connection
from nats.aio.msg import Msg

from services.contract import SERVICES
from services.installation.commands import UninstallApp
from services.listing.commands import EditListing
from services.supervisor import Supervisor
from services.token.commands import ApplyToken, CreateToken, RemoveToken
from services.token.domain import LIMIT
from shared.client import Client
from shared.headers import decode
from shared.subjects import REFUSALS
from tests.flows import acting
from tests.flows.acting import ANN, BOB, EVE, accepted, code


async def told(wire: Connection, subject: str, count: int = 1) -> list[Msg]:
    """The first so many refusals with that subject."""
    subscription = await wire.jetstream().subscribe(subject, stream=REFUSALS, ordered_consumer=True)
    messages = [await subscription.next_msg(timeout=10) for _ in range(count)]
    await subscription.unsubscribe()
    return messages


async def test_a_refusal_is_told_with_who_asked_what_and_its_code(
    client: Client, wire: Connection
) -> None:
    app_key = "com.example.told"
    await acting.list_app(client, app_key)
    for _ in range(LIMIT):
        await accepted(client, ANN, CreateToken(app_key=app_key))
    asked = CreateToken(app_key=app_key, note="one too many")
    assert code(await client.send(asked, actor=ANN, command_id="too-many")) == "token-limit-reached"
    (message,) = await told(wire, "ref.token.CreateToken.com:example:told.ann")
    attributes = decode(message.headers)
    assert attributes["ce-authid"] == ANN
    assert attributes["ce-commandid"] == "too-many"
    assert attributes["ce-type"] == "token.CreateToken.refused"
    assert json.loads(message.data) == {
        "command": "CreateToken",
        "key": app_key,
        "body": {"app_key": app_key, "note": "one too many"},
        "code": "token-limit-reached",
        "detail": f"{app_key} has 50 active tokens, and no app may have more.",
        "data": {"app_key": app_key, "limit": LIMIT},
    }


async def test_every_service_tells_its_refusals(client: Client, wire: Connection) -> None:
    await acting.list_app(client, "com.example.each")
    await acting.make_site(client, "each")
    for actor, asked in (
        (EVE, EditListing(app_key="com.example.each", summary="mine")),
        (EVE, RemoveToken(app_key="com.example.each", token_id=1)),
        (BOB, UninstallApp(site_id="each", app_key="com.example.each")),
    ):
        refusal = code(await client.send(asked, actor=actor))
        (message,) = await told(wire, f"ref.{asked.SERVICE}.{type(asked).__name__}.*.{actor}")
        assert json.loads(message.data)["code"] == refusal


async def test_no_refusal_tells_a_token(client: Client, wire: Connection) -> None:
    app_key = "com.example.masked"
    await acting.list_app(client, app_key)
    token, _ = await acting.make_token(client, app_key)
    await accepted(client, ANN, RemoveToken(app_key=app_key, token_id=1))
    asked = ApplyToken(app_key=app_key, token=token, site_id="site")
    assert code(await client.send(asked, actor=EVE)) == "token-removed"
    (message,) = await told(wire, "ref.token.ApplyToken.com:example:masked.eve")
    assert token.encode() not in message.data
    assert json.loads(message.data)["body"]["token"] == "gl_1_k1***"


@pytest.mark.parametrize("service", SERVICES)
async def test_what_can_not_be_read_is_told_without_its_body(
    wire: Connection, service: str
) -> None:
    body = b'{"partner_id": "a secret"'
    subject = f"cmd.{service}.Nothing._.mallory-{service}"
    reply = json.loads((await wire.request(subject, body, timeout=2)).data)
    assert reply["code"] == "bad-request"
    told_at = f"ref.{service}.malformed._._"
    subscription = await wire.jetstream().subscribe(told_at, stream=REFUSALS, ordered_consumer=True)
    while (row := json.loads((await subscription.next_msg(timeout=10)).data))["subject"] != subject:
        pass
    await subscription.unsubscribe()
    assert row == {
        "subject": subject,
        "code": "bad-request",
        "detail": reply["detail"],
        "size": len(body),
    }


async def test_refusals_are_told_once_and_in_order_though_the_service_dies(
    house: Supervisor, client: Client, wire: Connection
) -> None:
    async def refuse(start: int) -> None:
        for number in range(start, start + 8):
            asked = RemoveToken(app_key="com.example.dies", token_id=number)
            assert code(await client.send(asked, actor=ANN)) == "unknown-app"

    await refuse(1)
    await acting.kill(house, "token")
    await refuse(9)
    await wire.request("cmd.token.Nothing._.ann", b"", timeout=2)
    await acting.kill(house, "token")
    await refuse(17)
    subject = "ref.token.RemoveToken.com:example:dies.ann"
    messages = await told(wire, subject, 24)
    assert [json.loads(row.data)["body"]["token_id"] for row in messages] == list(range(1, 25))
    assert messages[-1].metadata.num_pending == 0


async def test_a_dry_run_that_would_be_refused_is_told_nowhere(
    client: Client, wire: Connection
) -> None:
    asked = RemoveToken(app_key="com.example.dry", token_id=1)
    assert code(await client.send(asked, actor=ANN, dry_run=True)) == "unknown-app"
    assert code(await client.send(asked, actor=ANN, command_id="wet")) == "unknown-app"
    (message,) = await told(wire, "ref.token.RemoveToken.com:example:dry.ann")
    assert decode(message.headers)["ce-commandid"] == "wet"
    assert message.metadata.num_pending == 0
