"""Faults that people met elsewhere, each as the sentence that has to hold here.

What has a place of its own isn't here: two sites that race for one token and a count that is
checked and then changed (tests/flows/test_races.py), a crash between receiving and acknowledging
(test_crash_points.py), dead letters out of order and malformed messages
(tests/flows/test_dead_letters.py), a broker that was restarted (test_outage.py).
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nats
import pytest
from eventsourcing.persistence import OperationalError

from services.installation.commands import LicenceState, SetLicenceState
from services.listing.commands import RegisterPartner
from services.listing.domain import Partner
from services.listing.events import PartnerRegistered
from services.token.commands import CreateToken
from services.token.domain import LIMIT
from services.token.policies import Policies
from shared import clock
from shared.broker import Bus, provision
from shared.checkup import Checkup
from shared.client import Client
from shared.errors import Internal
from shared.handlers import Context, routes
from shared.in_memory import MemoryRecorder
from shared.inbox import Inbox, Load, policies_of
from shared.messages import Accepted, Envelope, Failed
from shared.pipeline import Pipeline
from shared.published import Published
from shared.requests import Asked
from shared.store import Store
from shared.subjects import REFUSALS
from shared.tasks import end
from tests.clients.audit import Audit
from tests.faults.house import FaultyHouse
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted, code
from tests.flows.conftest import bare_nats
from tests.flows.test_relay import happen, relaying


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FaultyHouse]:
    """A house like any other."""
    async with FaultyHouse(tmp_path_factory.mktemp("cases") / "house") as running:
        yield running


@pytest.fixture(scope="module")
async def client(house: FaultyHouse) -> AsyncIterator[Client]:
    """A client of it."""
    async with await Client.open(house.url, ANN) as opened:
        yield opened


async def test_a_licence_that_was_changed_is_read_as_changed_at_once(client: Client) -> None:
    app_key, site = "com.example.licence", "licence"
    await acting.list_app(client, app_key)
    await acting.make_site(client, site)
    _, link = await acting.make_token(client, app_key)
    audit = Audit(client)
    following = asyncio.create_task(audit.follow())
    await acting.install(client, audit, site, link)
    await end(following)
    for state in [*LicenceState][1:] * 4:
        asked = SetLicenceState(site_id=site, app_key=app_key, state=state)
        await accepted(client, BOB, asked)
        assert (await acting.app_on(client, site, app_key))["licence"] == state.value


async def test_a_limit_that_was_hit_has_a_code_is_counted_and_appears_in_the_audit(
    house: FaultyHouse, client: Client
) -> None:
    """Case 32."""
    app_key = "com.example.hit"
    await acting.list_app(client, app_key)
    await asyncio.gather(*(acting.make_token(client, app_key) for _ in range(LIMIT)))
    for _ in range(3):
        assert code(await client.send(CreateToken(app_key=app_key))) == "token-limit-reached"
    health = await client.health("token")
    assert health is not None
    assert health.refused["token-limit-reached"] == 3
    connection = await nats.connect(house.url)
    told = await connection.jetstream().subscribe(
        "ref.token.CreateToken.com:example:hit.*", stream=REFUSALS, ordered_consumer=True
    )
    for _ in range(3):
        assert b'"code":"token-limit-reached"' in (await told.next_msg(timeout=5)).data
    await connection.close()


async def test_a_reader_beside_sixteen_writers_sees_every_event(
    house: FaultyHouse, client: Client
) -> None:
    audit = Audit(client)

    async def write(writer: int) -> list[str]:
        told = []
        async with await Client.open(house.url, ANN) as own:
            for number in range(25):
                name = f"writer-{writer}-{number}"
                asked = RegisterPartner(partner_id=name, organisation="W")
                told += [event.id for event in (await accepted(own, ANN, asked)).events]
        return told

    following = asyncio.create_task(audit.follow())
    written = [id_ for row in await asyncio.gather(*map(write, range(16))) for id_ in row]
    read: list[Published] = []
    async with asyncio.timeout(10):
        while len(read) < len(written):
            read = [
                row for row in audit.seen if row.position.aggregate.startswith("partner/writer")
            ]
            await asyncio.sleep(0.02)
    await end(following)
    assert sorted(str(event.position) for event in read) == sorted(written)
    sequences = [event.sequence for event in read]
    assert sequences == sorted(sequences)


class Stuck(Policies):
    """Policies that meet a store which doesn't work."""

    def partner_registered(self, event: PartnerRegistered, load: Load) -> None:
        """Never end well."""
        super().partner_registered(event, load)
        raise OperationalError("away")


class Impatient(Checkup):
    """A checkup that soon takes somebody for stuck."""

    STUCK = 1.0


async def test_a_consumer_that_does_not_advance_while_something_waits_is_unhealthy(
    tmp_path: Path,
) -> None:
    listing, token = Store("listing", MemoryRecorder()), Store("token", MemoryRecorder())
    pipeline = Pipeline(token, {})
    inbox = Inbox("listing", policies_of(Stuck()), pipeline)
    async with bare_nats(tmp_path) as url:
        bus = Bus(url, "token", ("_INBOX",))
        await bus.connect()
        stream = bus.events.jetstream()
        await provision(stream, [(inbox.stream, inbox.consumer, inbox.subjects)])
        checkup = Impatient(bus, pipeline, [inbox], [], tmp_path / "token.health.json")
        happen(listing, "one", "two")
        working = [asyncio.create_task(work) for work in (inbox.run(bus.events), checkup.run())]
        async with relaying(listing, bus.events), asyncio.timeout(15):
            while (health := await checkup.examine()).status == "ready":
                await asyncio.sleep(0.1)
        assert health.why == ("token_listing doesn't advance, 2 messages wait",)
        assert health.behind == {"token_listing": 2}
        await end(*working)
        bus.expect_close()
        await bus.events.close()
    pipeline.close()


class Broken:
    """A handler that breaks."""

    def register_partner(
        self, command: RegisterPartner, partner: Partner, context: Context
    ) -> None:
        """Break after the event, for one of them."""
        partner.register(command, context.actor)
        if command.partner_id == "broken":
            raise RuntimeError("unexpected")


@pytest.mark.parametrize("together", [1, 5])
async def test_every_command_gets_an_outcome_also_on_an_unexpected_error(together: int) -> None:
    pipeline = Pipeline(Store("listing", MemoryRecorder()), routes(Broken()))

    async def ask(number: int) -> Any:
        name = "broken" if number == 0 else f"well-{number}"
        asked = RegisterPartner(partner_id=name, organisation="O")
        id_ = f"command-{number}"
        envelope = Envelope(id=id_, actor=ANN, time=clock.now(), correlation_id=id_)
        return await pipeline.answer(Asked(asked, envelope))

    broken, *well = await asyncio.gather(*map(ask, range(together)))
    assert isinstance(broken, Failed)
    assert broken.code == Internal.CODE
    assert all(isinstance(reply, Accepted) for reply in well)
    assert pipeline.store.load(Partner, "broken").version == 0
    pipeline.close()
