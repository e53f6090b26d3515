"""The traps that the defaults lay, as far as they are about messages.

The others have their places: reply subjects that are no inbox (tests/flows/test_door.py and
test_operations.py), a handler that breaks and a redelivery without delay
(tests/flows/test_dead_letters.py), a broker that is away and requests that would run later
(test_outage.py), a commit that is done but told as failed (tests/test_model.py), a second relay and
a stream that lost something (tests/flows/test_relay.py), events that are too large
(tests/shared/test_store.py), a power cut (test_power_cut.py), a disk that is full
(test_full_disk.py).
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest

from services.contract import SERVICES
from services.token.commands import CreateToken
from services.token.policies import Policies
from shared.broker import provision
from shared.client import Client, NoReply
from shared.in_memory import MemoryRecorder
from shared.inbox import Inbox, policies_of
from shared.keys import Keys
from shared.messages import Accepted
from shared.pipeline import Pipeline
from shared.store import Store
from shared.streams import declared
from shared.subjects import BOOKMARKS, EVENTS
from shared.tasks import end
from tests.clients.ports import free_port
from tests.faults.house import FaultyHouse
from tests.flows import acting
from tests.flows.acting import ANN
from tests.flows.conftest import SERVER, bare_nats
from tests.flows.test_relay import happen, relay


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FaultyHouse]:
    """A house like any other."""
    async with FaultyHouse(tmp_path_factory.mktemp("traps") / "house") as running:
        yield running


async def test_an_event_with_a_reply_subject_is_answered_to_nobody(tmp_path: Path) -> None:
    listing, token = Store("listing", MemoryRecorder()), Store("token", MemoryRecorder())
    happen(listing, "one", "two")
    pipeline, origin = Pipeline(token, {}), Pipeline(listing, {})
    inbox = Inbox("listing", policies_of(Policies()), pipeline)
    async with bare_nats(tmp_path) as url:
        connection = await nats.connect(url)
        stream = connection.jetstream()
        await provision(stream, [(inbox.stream, inbox.consumer, inbox.subjects)])
        answered = await connection.subscribe("trap.>")
        for row in relay(origin)._log.after(0, 10):
            assert row.message is not None
            told = row.message.headers | {"reply_to": "trap.header", "ce-replyto": "trap.ce"}
            await stream.publish(row.message.subject, row.message.body, headers=told)
        following = asyncio.create_task(inbox.run(connection))
        async with asyncio.timeout(10):
            while len(token.recorder.select_seen("listing", ["partner/one", "partner/two"])) < 2:
                await asyncio.sleep(0.02)
        await connection.flush()
        assert answered.pending_msgs == 0
        await end(following)
        await connection.close()
    pipeline.close()
    origin.close()


async def test_a_missing_permission_ends_the_service_loudly(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"
    data.mkdir()
    Keys.make(data / "keys.json")
    users = '{ user: u, password: p, permissions: { publish: { deny: ["$JS.API.STREAM.>"] } } }'
    config = f'listen: "127.0.0.1:{port}"\njetstream {{ store_dir: "{tmp_path}/n" }}\n'
    (tmp_path / "nats.conf").write_text(f"{config}authorization {{ users: [ {users} ] }}\n")
    server = await asyncio.create_subprocess_exec(
        SERVER, "-c", tmp_path / "nats.conf", "-l", "/dev/null"
    )
    settings = {"GUESTLIST_NATS": f"nats://u:p@127.0.0.1:{port}", "GUESTLIST_DATA": str(data)}
    service = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.token.app",
        env=os.environ | settings, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(20):
            _, told = await service.communicate()
    finally:
        for child in (service, server):
            if child.returncode is None:
                child.kill()
            await child.wait()
    assert service.returncode == 1
    assert "permissions violation" in told.decode().lower()


@pytest.mark.parametrize("consumer", ["token_listing", "installation_process", "token_commands"])
async def test_a_consumer_that_an_admin_deleted_is_made_anew(
    house: FaultyHouse, consumer: str
) -> None:
    stream = "COMMANDS" if consumer.endswith("commands") else EVENTS
    app_key = f"com.example.{consumer.replace('_', '-')}"
    connection = await nats.connect(house.url)
    await connection.jetstream().delete_consumer(stream, consumer)
    async with await Client.open(house.url, ANN, timeout=10) as client:
        await acting.list_app(client, app_key)
        await acting.make_token(client, app_key)
        async with asyncio.timeout(20):
            while True:
                try:
                    info = await connection.jetstream().consumer_info(stream, consumer)
                    if not info.num_pending and not info.num_ack_pending:
                        break
                except nats.js.errors.NotFoundError:
                    pass
                await asyncio.sleep(0.05)
    await connection.close()
    await acting.quiet(house)


async def test_a_service_whose_loop_stands_still_ends_and_is_started_again(
    house: FaultyHouse, tmp_path: Path
) -> None:
    command = CreateToken(app_key="com.example.hangs")
    async with await Client.open(house.url, ANN, timeout=2) as client:
        await acting.list_app(client, command.app_key)
        await acting.quiet(house)
        hung = tmp_path / "hung"
        await house.sabotage("token", f"hang 2 {hung}")
        while not hung.exists():
            with pytest.raises(NoReply):
                await client.send(command, command_id="hangs")
        async with asyncio.timeout(10):
            while "token ended with 70, starting it again" not in house.ended:
                await asyncio.sleep(0.1)
        await house.until_up()
        reply = await client.send(command, command_id="hangs")
    assert isinstance(reply, Accepted)
    assert reply.repeated, "it hung when it had decided"


async def test_requests_and_streams_come_on_connections_of_their_own(house: FaultyHouse) -> None:
    system = await nats.connect(house.url.replace("guestlist:", "watch:"))
    wanted = json.dumps({"subscriptions": True, "acc": "$G"}).encode()
    told = json.loads((await system.request("$SYS.REQ.SERVER.PING.CONNZ", wanted)).data)["data"]
    await system.close()
    for service in SERVICES:
        subjects = [
            {subject.partition(".")[0] for subject in row["subscriptions_list"]}
            for row in told["connections"]
            if row.get("name") == service
        ]
        requests, streams = sorted(subjects, key=len, reverse=True)
        assert requests >= {"cmd", "qry", "health"}
        assert streams == {"_INBOX"}
        assert "_INBOX" not in requests


async def test_the_streams_are_kept_as_they_have_to_be(house: FaultyHouse) -> None:
    connection = await nats.connect(house.url)
    async with await Client.open(house.url, ANN) as client:
        for name in declared():
            assert (await client.standing(name)).differences == {}, name
            info = await connection.jetstream().stream_info(name)
            assert (info.config.storage, info.config.discard) == ("file", "new")
            assert (info.config.deny_delete, info.config.deny_purge) == (name != BOOKMARKS,) * 2
            assert info.config.duplicate_window == 600
    account = json.loads((await connection.request("$JS.API.INFO", b"", timeout=2)).data)
    assert account["streams"] == len(declared())
    await connection.close()
    assert "sync_interval: always" in (house.data / "nats.conf").read_text()
