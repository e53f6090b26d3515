"""A durable command is kept until its service decides it, and decided once."""

import asyncio
import json
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from nats.aio.client import Client as Connection

from services.contract import SERVICES
from services.documents.examples import example
from services.installation.queries import LinkedDescriptor
from services.supervisor import Supervisor
from services.token.commands import CreateToken
from services.token.domain import AppTokens
from shared import clock
from shared.client import Client
from shared.consumer import ConsumerGone
from shared.dead_letters import DeadLetters, Letter
from shared.durable import Durable
from shared.messages import Accepted, Command, Refused
from shared.names import iso
from shared.pipeline import Pipeline
from shared.sqlite import open_sqlite
from shared.store import Store
from tests.clients.command import guestlist
from tests.flows import acting
from tests.flows.acting import ANN
from tests.flows.queueing import none_waits, put, stopped, waiting

DURABLE = [kind for kind in Command.TABLE.values() if not kind.SECRET]
SECRET = [kind for kind in Command.TABLE.values() if kind.SECRET]


def contents(folder: Path) -> list[bytes]:
    """What is in all files there; a file that is replaced just now is read as the new one."""
    read = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file():
                read.append(path.read_bytes())
    return read


async def test_a_command_is_kept_while_its_service_is_away(
    house: Supervisor, client: Client, wire: Connection
) -> None:
    app_key = "com.example.kept"
    await acting.list_app(client, app_key)
    with stopped(house, "token"):
        queued = [
            await client.enqueue(CreateToken(app_key=app_key), actor=ANN, command_id=f"kept-{n}")
            for n in range(3)
        ]
        assert await waiting(wire) == 3
    replies = [await one.reply(timeout=10) for one in queued]
    assert [type(reply) for reply in replies] == [Accepted] * 3
    assert [reply.command_id for reply in replies if isinstance(reply, Accepted)] == [
        f"kept-{n}" for n in range(3)
    ]
    await none_waits(wire)
    assert acting.stored(house, "token", AppTokens, app_key).given == 3


async def test_without_its_consumer_it_waits_for_one_to_be_made(
    wire: Connection, tmp_path: Path
) -> None:
    nobody = Store("nobody", open_sqlite(tmp_path / "nobody.sqlite"))
    queue = Durable(Pipeline(nobody, {}), {}, lambda _: False, lambda *_: None)
    with pytest.raises(ConsumerGone):
        await queue.run(wire)


async def test_one_id_is_decided_once_by_queue_and_by_request(client: Client) -> None:
    app_key = "com.example.both-ways"
    await acting.list_app(client, app_key)
    asked = CreateToken(app_key=app_key)
    queued = await client.enqueue(asked, actor=ANN, command_id="both")
    first = await queued.reply(timeout=10)
    assert isinstance(first, Accepted)
    assert first.position in client.memory.after(LinkedDescriptor(app_key=app_key, build=1))
    same = first.model_copy(update={"repeated": True})
    assert await client.send(asked, actor=ANN, command_id="both") == same
    again = await client.enqueue(asked, actor=ANN, command_id="both")
    assert await again.reply(timeout=10) == same
    assert len(await acting.tokens_of(client, app_key)) == 1


@pytest.mark.parametrize("kind", DURABLE, ids=lambda kind: kind.__name__)
async def test_every_command_without_a_token_can_wait(client: Client, kind: type[Command]) -> None:
    asked = kind.model_validate_json(json.dumps(example(kind)))
    reply = await (await client.enqueue(asked, actor="stranger")).reply(timeout=10)
    assert isinstance(reply, Accepted | Refused)
    assert getattr(reply, "code", "") != "bad-request"


@pytest.mark.parametrize("kind", SECRET, ids=lambda kind: kind.__name__)
async def test_a_command_with_a_token_is_refused_and_never_kept(
    house: Supervisor, client: Client, wire: Connection, kind: type[Command]
) -> None:
    token = "gl_1_k1" + kind.__name__.ljust(33, "x")
    body = example(kind) | {str(kind.SECRET): token}
    asked = kind.model_validate_json(json.dumps(body))
    with pytest.raises(ValueError, match="may hold a token"):
        await client.enqueue(asked, actor=ANN)
    subject = f"que.{kind.SERVICE}.{kind.__name__}.{asked.key.replace('.', ':')}.ann"
    answer = await wire.request(subject, json.dumps(body).encode(), timeout=5)
    assert json.loads(answer.data)["code"] == "secret-not-durable"
    kept = contents(house.data / "nats")
    assert b"COMMANDS" in b"".join(kept)
    assert not [content for content in kept if token.encode() in content]


async def test_after_its_deadline_it_is_not_decided(client: Client, wire: Connection) -> None:
    await acting.list_app(client, "com.example.too-late")
    subject, body = "que.token.CreateToken.com:example:too-late.ann", b'{"app_key":"%s"}'
    reply = await put(
        wire,
        subject,
        body % b"com.example.too-late",
        id="too-late",
        expirytime=iso(clock.now() - timedelta(seconds=1)),
    )
    assert (reply["status"], reply["code"]) == ("failed", "deadline-passed")
    await none_waits(wire)
    assert await acting.tokens_of(client, "com.example.too-late") == []


async def test_what_can_not_be_read_is_refused_and_holds_nobody_up(wire: Connection) -> None:
    reply = await put(wire, "que.token.CreateToken.x.ann", b'{"app_key": 1}')
    assert (reply["status"], reply["code"]) == ("refused", "bad-request")
    await none_waits(wire)


async def test_without_an_id_it_is_decided_once(client: Client, wire: Connection) -> None:
    await acting.list_app(client, "com.example.no-id")
    subject = "que.token.CreateToken.com:example:no-id.ann"
    reply = await put(wire, subject, b'{"app_key":"com.example.no-id"}')
    assert reply["status"] == "accepted"
    await none_waits(wire)
    assert len(await acting.tokens_of(client, "com.example.no-id")) == 1


async def test_the_command_line_lets_a_command_be_kept(house: Supervisor, client: Client) -> None:
    await acting.list_app(client, "com.example.line")
    given = {"GUESTLIST_DATA": str(house.data)}
    words = ("send", "CreateToken", "app_key=com.example.line", "--as", ANN, "--durable")
    told = await guestlist(*words, "--id", "line", settings=given)
    assert (told.code, told.err) == (0, "")
    assert told.out == "kept line: it is decided once, as soon as token is there\n"
    data = await guestlist(*words, "--json", "--id", "line", settings=given)
    assert json.loads(data.out) == {"status": "kept", "command_id": "line"}
    async with asyncio.timeout(10):
        while not await acting.tokens_of(client, "com.example.line"):
            await asyncio.sleep(0.02)
    assert len(await acting.tokens_of(client, "com.example.line")) == 1
    secret = ("send", "ApplyToken", "app_key=x", "site_id=x", "token=gl_1_k1***", "--durable")
    refused = await guestlist(*secret, settings=given)
    assert (refused.code, refused.err.partition(":")[0]) == (2, "secret-not-durable")


async def test_one_that_was_given_up_on_is_still_decided_once(
    house: Supervisor, client: Client
) -> None:
    app_key = "com.example.given-up"
    await acting.list_app(client, app_key)
    asked, subject = CreateToken(app_key=app_key), "que.token.CreateToken.com:example:given-up.ann"
    letter = Letter(
        consumer="token_commands",
        message_id="given-up",
        subject=subject,
        aggregate=None,
        version=None,
        headers=json.dumps({"ce-id": "sent-again"}),
        body=asked.model_dump_json().encode(),
        reason="Internal",
        attempts=5,
        time=iso(clock.now()),
    )
    store = open_sqlite(house.data / "token.sqlite")
    assert store.insert_letter(letter, behind=False)
    await client.send(asked, actor=ANN, command_id="sent-again")
    (kept,) = store.select_letters()
    done = await client.dead_letters("token", "redeliver", kept.number, actor="operator")
    assert isinstance(done, DeadLetters)
    assert len(done.letters) == 1
    assert len(await acting.tokens_of(client, app_key)) == 1


def test_every_service_has_durable_commands() -> None:
    assert {kind.SERVICE for kind in DURABLE} == set(SERVICES)
