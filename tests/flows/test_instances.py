"""Instances of one service: one follows at a time, so that events are handled in their order."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client as Connection
from nats.aio.msg import Msg

from services.listing.commands import AddMember, RegisterPartner
from services.listing.domain import Partner as Listed
from services.token.domain import Partner
from services.token.policies import Policies
from shared import consumer
from shared.broker import provision
from shared.inbox import Inbox, policies_of
from shared.pipeline import Pipeline
from shared.published import Published
from shared.sqlite import open_sqlite
from shared.store import Store
from shared.subjects import EVENTS
from shared.tasks import end
from tests.flows.conftest import bare_nats
from tests.flows.test_relay import META, OWN, relay

CONSUMER = "token_listing"


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    """A connection to a server with the streams and the consumer of the token service."""
    async with bare_nats(tmp_path) as url:
        opened = await nats.connect(url)
        await provision(opened.jetstream(), [(EVENTS, CONSUMER, OWN)])
        yield opened
        await opened.close()


async def test_one_is_given_the_events_and_when_it_is_gone_the_next(connection: Connection) -> None:
    given: Counter[int] = Counter()

    async def take(rank: int) -> None:
        async with aclosing(
            consumer.messages(connection, EVENTS, CONSUMER, lambda: rank)
        ) as delivered:
            async for message in delivered:
                await message.ack()
                given[rank] += 1

    async def publish(count: int) -> None:
        before = given.total()
        for number in range(count):
            await connection.jetstream().publish("evt.listing.x.y", b"%d" % number)
        async with asyncio.timeout(10):
            while given.total() < before + count:
                await asyncio.sleep(0.01)

    takers = {rank: asyncio.create_task(take(rank)) for rank in (7, 2)}
    async with asyncio.timeout(10):  # both have asked
        while (await connection.jetstream().consumer_info(EVENTS, CONSUMER)).num_waiting < 2:
            await asyncio.sleep(0.01)
    await publish(50)
    first = set(given)
    await end(takers[2])
    await publish(50)
    await end(takers[7])
    assert (first, given) == ({2}, Counter({2: 50, 7: 50}))


async def test_what_a_stopped_one_was_given_comes_to_the_next(connection: Connection) -> None:
    inbox = connection.new_inbox()
    subscription = await connection.subscribe(inbox)
    await consumer._ask(connection, f"{EVENTS}.{CONSUMER}", 256, inbox, 2)
    await connection.jetstream().publish("evt.listing.x.y", b"given")
    assert (await subscription.next_msg(10)).data == b"given"
    other = consumer.messages(connection, EVENTS, CONSUMER, lambda: 7)
    async with asyncio.timeout(20), aclosing(other) as delivered:
        message = await anext(delivered)
        await message.ack()
    assert message.data == b"given"


async def test_an_event_waits_for_one_that_another_instance_handles(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = Store("listing", open_sqlite(tmp_path / "listing.sqlite"))
    partner = listing.load(Listed, "p")
    partner.register(RegisterPartner(partner_id="p", organisation="P"), "ann")
    partner.add(AddMember(partner_id="p", account="bob"))
    listing.commit(listing.draft([partner], META))
    pipelines = [Pipeline(listing, {})] + [
        Pipeline(Store("token", open_sqlite(tmp_path / "token.sqlite")), {}) for _ in range(2)
    ]
    one, other = (Inbox("listing", policies_of(Policies()), row) for row in pipelines[1:])
    relaying = asyncio.create_task(relay(pipelines[0]).run(connection))

    acked: list[tuple[int, int]] = []
    ack = Msg.ack

    async def noting(self: Msg) -> None:
        acked.append((self.metadata.sequence.stream, self.metadata.num_delivered))
        await ack(self)

    monkeypatch.setattr(Msg, "ack", noting)
    wish = json.dumps({"batch": 1, "group": consumer.GROUP, "priority": 0}).encode()
    inbox = connection.new_inbox()
    subscription = await connection.subscribe(inbox)
    await connection.publish(f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.{CONSUMER}", wish, reply=inbox)
    first = await subscription.next_msg(10)
    rank = other.rank
    following = asyncio.create_task(other.run(connection))
    async with asyncio.timeout(20):
        while other.rank == rank:
            await asyncio.sleep(0.01)
        assert one.handle([Published.read(first.headers, first.data)]) == [True]
        await first.ack()
        while len(acked) < 2:
            await asyncio.sleep(0.01)
    assert set(one.pipeline.store.load(Partner, "p").members) == {"ann", "bob"}
    assert acked == [(1, 1), (2, 1)]
    await end(following, relaying)
    for pipeline in pipelines:
        pipeline.close()
