"""What a follower can't go on with is kept; what comes after it waits, and nothing is lost."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client as Connection
from nats.aio.msg import Msg
from nats.js import api

from services.listing.commands import AddMember, RegisterPartner
from services.listing.domain import Partner as Listed
from services.listing.events import PartnerRegistered
from services.token.domain import Partner
from services.token.policies import Policies
from shared import missing
from shared.broker import provision
from shared.dead_letters import Chosen, DeadLetter, NotTheFirst, StillFails, UnknownDeadLetter
from shared.desk import Desk
from shared.errors import NotAnOperator
from shared.inbox import Inbox, Load, policies_of
from shared.messages import Meta
from shared.outbox import EventLog
from shared.pipeline import Pipeline
from shared.relay import Relay
from shared.sqlite import open_sqlite
from shared.store import Store
from shared.streams import declared
from shared.subjects import EVENTS
from shared.tasks import end
from tests.flows.conftest import bare_nats

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
META = Meta(actor="ann", command_id="c", correlation_id="f", causation_id="c", time=NOW)
TOKEN = "gl_1_k1" + "x" * 33


class Broken(Policies):
    """Policies that break for some partners."""

    def __init__(self) -> None:
        self.broken = {"broken"}

    def partner_registered(self, event: PartnerRegistered, load: Load) -> None:
        """Break, after the effect."""
        super().partner_registered(event, load)
        if event.partner_id in self.broken:
            raise RuntimeError(f"no way with {TOKEN}")


class Quick(Inbox):
    """An inbox that doesn't wait long."""

    DELAYS = (0.01,) * 4


class Place:
    """The listing service's store and relay, and the token service's inbox and desk."""

    def __init__(self, folder: Path, connection: Connection) -> None:
        self.connection = connection
        self.listing = Store("listing", open_sqlite(folder / "listing.sqlite"))
        self.token = Store("token", open_sqlite(folder / "token.sqlite"))
        self.policies = Broken()
        self.pipeline = Pipeline(self.token, {})
        self.inbox = Quick("listing", policies_of(self.policies), self.pipeline)
        self.desk = Desk(self.pipeline, [self.inbox], ["operator"])

    def register(self, *partners: str, more: int = 0) -> None:
        """Partners are registered, and get so many members more."""
        for partner_id in partners:
            partner = self.listing.load(Listed, partner_id)
            asked = RegisterPartner(partner_id=partner_id, organisation=partner_id)
            partner.register(asked, "ann")
            for number in range(more):
                partner.add(AddMember(partner_id=partner_id, account=f"m{number}"))
            self.listing.commit(self.listing.draft([partner], META))

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Everything runs meanwhile."""
        pipeline = Pipeline(self.listing, {})
        running = [
            asyncio.create_task(work)
            for work in (
                Relay(EventLog(self.listing), pipeline, pipeline.committed).run(self.connection),
                self.inbox.run(self.connection),
            )
        ]
        try:
            yield
        finally:
            await end(*running)
            pipeline.close()

    def members(self, partner_id: str) -> int:
        """How many members are known here."""
        return len(Store("token", self.token.recorder).load(Partner, partner_id).members)

    async def until_known(self, partner_id: str, members: int) -> None:
        """Wait until so many are known."""
        async with asyncio.timeout(10):
            while self.members(partner_id) != members:
                await asyncio.sleep(0.01)

    async def until_acknowledged(self) -> None:
        """Wait until the consumer brings nothing any more."""
        stream = self.connection.jetstream()
        async with asyncio.timeout(10):
            while (
                info := await stream.consumer_info(EVENTS, "token_listing")
            ).num_pending or info.num_ack_pending:
                await asyncio.sleep(0.01)

    async def letters(self, count: int) -> list[DeadLetter]:
        """Wait until there are so many dead letters."""
        async with asyncio.timeout(10):
            while len(found := await self.serve("list")) != count:
                await asyncio.sleep(0.01)
        return found

    async def serve(self, verb: str, number: int | None = None) -> list[DeadLetter]:
        """Ask the desk."""
        told = await self.desk.serve(verb, Chosen(number=number), "operator")
        return list(told.letters)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """A place whose stream may lose something."""
    async with bare_nats(tmp_path) as url:
        connection = await nats.connect(url)
        config = api.StreamConfig(**{**declared()[EVENTS].__dict__, "deny_delete": False})
        await connection.jetstream().add_stream(config)
        made = Place(tmp_path, connection)
        inbox = made.inbox
        await provision(connection.jetstream(), [(inbox.stream, inbox.consumer, inbox.subjects)])
        yield made
        made.pipeline.close()
        await connection.close()


async def test_later_events_of_that_aggregate_wait_behind_it_and_no_others(place: Place) -> None:
    place.register("broken", more=2)
    place.register("well", more=2)
    async with place.following():
        await place.until_known("well", 3)
        letters = await place.letters(3)
        assert [letter.version for letter in letters] == [1, 2, 3]
        assert {letter.aggregate for letter in letters} == {"partner/broken"}
        assert letters[0].attempts == 5
        assert letters[0].reason == "RuntimeError: no way with gl_1_k1***"
        assert letters[1].reason.startswith("WaitsBehind")
        assert {letter.consumer for letter in letters} == {"token_listing"}
        assert place.members("broken") == 0
        await place.until_acknowledged()


async def test_it_is_redelivered_in_order_with_all_that_wait_behind_it(place: Place) -> None:
    place.register("broken", more=2)
    async with place.following():
        letters = await place.letters(3)
        place.policies.broken.clear()
        with pytest.raises(NotTheFirst):
            await place.serve("redeliver", letters[1].number)
        with pytest.raises(NotTheFirst):
            await place.serve("discard", letters[2].number)
        done = await place.serve("redeliver", letters[0].number)
        assert [letter.version for letter in done] == [1, 2, 3]
        assert place.members("broken") == 3
        assert await place.serve("list") == []
        partner = place.listing.load(Listed, "broken")
        partner.add(AddMember(partner_id="broken", account="later"))
        place.listing.commit(place.listing.draft([partner], META))
        await place.until_known("broken", 4)
    rows = place.token.recorder.select_events("copy/partner/broken")
    assert [row.originator_version for row in rows] == [1, 2, 3, 4]


async def test_what_still_fails_stays_where_it_is(place: Place) -> None:
    place.register("broken", more=1)
    async with place.following():
        letters = await place.letters(2)
        with pytest.raises(StillFails, match="RuntimeError"):
            await place.serve("redeliver", letters[0].number)
        again = await place.letters(2)
        assert again[0].attempts == letters[0].attempts + 1
    assert place.members("broken") == 0


async def test_without_a_discarded_one_all_that_wait_go_on(place: Place) -> None:
    place.register("broken", more=2)
    async with place.following():
        letters = await place.letters(3)
        done = await place.serve("discard", letters[0].number)
        assert [letter.version for letter in done] == [1, 2, 3]
        assert await place.serve("list") == []
    assert place.members("broken") == 2
    with pytest.raises(UnknownDeadLetter):
        await place.serve("show", letters[0].number)


async def test_a_restart_between_keeping_it_and_its_acknowledgement_keeps_it_once(
    place: Place,
) -> None:
    place.register("broken", more=1)
    async with place.following():
        await place.letters(2)
    stream = place.connection.jetstream()
    await stream.delete_consumer(EVENTS, place.inbox.consumer)  # all of it comes again
    inbox = place.inbox
    await provision(stream, [(inbox.stream, inbox.consumer, inbox.subjects)])
    async with place.following():
        place.register("after")
        await place.until_known("after", 1)
        await place.letters(2)


async def test_a_malformed_message_is_a_dead_letter_with_its_raw_bytes_and_reason(
    place: Place,
) -> None:
    body = b"\xff\x00 no event, but " + TOKEN.encode()
    await place.connection.jetstream().publish("evt.listing.PartnerRegistered._", body)
    async with place.following():
        (letter,) = await place.letters(1)
        assert (letter.aggregate, letter.version) == (None, None)
        assert letter.reason.startswith("Unreadable: ")
        (shown,) = await place.serve("show", letter.number)
        assert shown.body == "\\xff\x00 no event, but gl_1_k1***"
        kept = place.token.recorder.select_letters()[0].body
        assert kept == body.replace(TOKEN.encode(), b"gl_1_k1***")
        with pytest.raises(StillFails):
            await place.serve("redeliver", letter.number)
        assert len(await place.serve("discard", letter.number)) == 1
        assert await place.serve("list") == []


async def test_only_an_operator_deals_with_dead_letters(place: Place) -> None:
    for verb in ("list", "show", "redeliver", "discard"):
        with pytest.raises(NotAnOperator):
            await place.desk.serve(verb, Chosen(number=1), "ann")


async def test_a_gap_is_fetched_from_the_origin_and_reported(place: Place) -> None:
    stream = place.connection.jetstream()
    place.register("gap", more=5)
    asked: list[str] = []

    async def origin(message: Msg) -> None:
        asked.append(message.data.decode())
        told = missing.find(place.listing, missing.Missing.model_validate_json(message.data))
        await message.respond(told.model_dump_json().encode())

    pipeline = Pipeline(place.listing, {})
    relay = Relay(EventLog(place.listing), pipeline, pipeline.committed)
    relaying = asyncio.create_task(relay.run(place.connection))
    async with asyncio.timeout(10):
        while (await stream.stream_info(EVENTS)).state.messages < 6:
            await asyncio.sleep(0.01)
    for lost in (1, 3, 4):
        await stream.delete_msg(EVENTS, lost)
    await end(relaying)
    pipeline.close()
    inbox = asyncio.create_task(place.inbox.run(place.connection))
    await asyncio.sleep(1.5)
    assert (place.members("gap"), place.inbox.fetched) == (0, 0)
    await place.connection.subscribe(missing.subject("listing"), cb=origin)
    await place.until_known("gap", 6)
    assert place.inbox.fetched >= 3
    assert json.loads(asked[0]) == {"aggregate": "partner/gap", "after": 0}
    rows = place.token.recorder.select_events("copy/partner/gap")
    assert [row.originator_version for row in rows] == list(range(1, 7))
    await end(inbox)


def test_an_origin_tells_only_what_it_publishes(tmp_path: Path) -> None:
    place: Any = Store("token", open_sqlite(tmp_path / "token.sqlite"))
    partner = place.load(Partner, "copied")
    partner.see(frozenset({"ann"}))
    place.commit(place.draft([partner], META))
    asked = missing.Missing(aggregate="copy/partner/copied", after=0)
    assert missing.find(place, asked).events == ()
