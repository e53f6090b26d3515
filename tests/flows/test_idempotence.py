"""A command id is decided once: asked again, the same reply comes back."""

import asyncio
import json
from datetime import timedelta

import nats

from services.supervisor import Supervisor
from services.token.commands import CreateToken, RemoveToken
from services.token.domain import LIMIT, AppTokens
from shared import clock
from shared.client import Client
from shared.headers import encode
from shared.messages import Accepted
from shared.names import iso
from tests.flows import acting
from tests.flows.acting import ANN, accepted, code


async def test_a_repeated_command_gets_the_same_reply_with_its_token(client: Client) -> None:
    await acting.list_app(client, "com.example.once")
    asked = CreateToken(app_key="com.example.once", note="for Bob")
    first = await client.send(asked, actor=ANN, command_id="once")
    again = await client.send(asked, actor=ANN, command_id="once")
    assert isinstance(first, Accepted)
    assert not first.repeated
    assert str(first.result["token"]).startswith("gl_1_k1")
    assert again == first.model_copy(update={"repeated": True})
    assert len(await acting.tokens_of(client, "com.example.once")) == 1


async def test_one_id_sent_twenty_times_at_once_is_decided_once(
    house: Supervisor, client: Client
) -> None:
    await acting.list_app(client, "com.example.burst")
    asked = CreateToken(app_key="com.example.burst")
    replies = await asyncio.gather(
        *(client.send(asked, actor=ANN, command_id="burst") for _ in range(20))
    )
    assert [reply.status for reply in replies] == ["accepted"] * 20
    assert len({json.dumps(dict(reply), default=str) for reply in replies}) == 2
    assert acting.stored(house, "token", AppTokens, "com.example.burst").given == 1


async def test_a_refusal_stays_though_the_command_would_be_accepted_now(client: Client) -> None:
    app_key = "com.example.full"
    await acting.list_app(client, app_key)
    for _ in range(LIMIT):
        await acting.make_token(client, app_key)
    asked = CreateToken(app_key=app_key)
    first = await client.send(asked, actor=ANN, command_id="full")
    assert code(first) == "token-limit-reached"
    await accepted(client, ANN, RemoveToken(app_key=app_key, token_id=1))
    again = await client.send(asked, actor=ANN, command_id="full")
    assert again == first.model_copy(update={"repeated": True})
    await accepted(client, ANN, asked)


async def test_another_request_under_a_used_id_is_refused(client: Client) -> None:
    app_key = "com.example.reused"
    await acting.list_app(client, app_key)
    asked = CreateToken(app_key=app_key)
    await client.send(asked, actor=ANN, command_id="reused")
    for other, actor in (
        (CreateToken(app_key=app_key, note="other"), ANN),
        (RemoveToken(app_key=app_key, token_id=1), ANN),
        (asked, "eve"),
    ):
        reply = await client.send(other, actor=actor, command_id="reused")
        assert code(reply) == "command-id-reused"
        assert "gl_1_k1" not in reply.model_dump_json()
    assert len(await acting.tokens_of(client, app_key)) == 1


async def test_a_killed_service_gives_the_same_reply_again(
    house: Supervisor, client: Client
) -> None:
    await acting.list_app(client, "com.example.killed")
    asked = CreateToken(app_key="com.example.killed")
    first = await client.send(asked, actor=ANN, command_id="killed")
    await acting.kill(house, "token")
    again = await client.send(asked, actor=ANN, command_id="killed")
    assert again == first.model_copy(update={"repeated": True})


async def test_after_its_deadline_a_command_is_not_decided(
    house: Supervisor, client: Client
) -> None:
    await acting.list_app(client, "com.example.late")
    connection = await nats.connect(house.url)
    replies = []
    for seconds in (-1, 60):
        deadline = iso(clock.now() + timedelta(seconds=seconds))
        message = await connection.request(
            "cmd.token.CreateToken.com:example:late.ann",
            b'{"app_key": "com.example.late"}',
            headers=encode({"ce-id": "late", "ce-expirytime": deadline}),
        )
        replies.append(json.loads(message.data))
    await connection.close()
    late, in_time = replies
    assert (late["status"], late["code"]) == ("failed", "deadline-passed")
    assert (in_time["status"], in_time["repeated"]) == ("accepted", False)
