"""What operators and other services ask beside commands and queries."""

import json
from collections.abc import AsyncIterator
from typing import Any

import nats
import pytest
from nats.aio.client import Client as Connection

from services.contract import SERVICES
from services.supervisor import Supervisor
from shared import clock
from shared.client import Client
from shared.dead_letters import DeadLetters, Letter
from shared.errors import Refusal
from shared.health import Health
from shared.messages import Refused
from shared.missing import Found
from shared.names import iso
from shared.sqlite import open_sqlite
from shared.subjects import EVENTS
from tests.clients.command import guestlist
from tests.flows import acting

FOLLOWERS = {
    "listing": "listing_commands",
    "token": "token_listing",
    "installation": "installation_process",
}
AGGREGATES = {
    "listing": "listing/com.example.asked",
    "token": "tokens/com.example.asked",
    "installation": "site/asked",
}


@pytest.fixture(scope="module")
async def wire(house: Supervisor, client: Client) -> AsyncIterator[Connection]:
    """A plain connection; the house has an app, a token and a site."""
    await acting.list_app(client, "com.example.asked")
    await acting.make_site(client, "asked")
    await acting.make_token(client, "com.example.asked")
    connection = await nats.connect(house.url)
    yield connection
    await connection.close()


async def ask(wire: Connection, subject: str, body: bytes = b"") -> Any:
    """What is told."""
    return json.loads((await wire.request(subject, body, timeout=5)).data)


@pytest.mark.parametrize("service", SERVICES)
async def test_an_operator_deals_with_a_dead_letter(
    house: Supervisor, wire: Connection, client: Client, service: str
) -> None:
    del wire
    letter = Letter(
        FOLLOWERS[service], "unreadable", "evt.listing._", None, None, "{}", b"?", "no", 1,
        iso(clock.now()),
    )  # fmt: skip
    store = open_sqlite(house.data / f"{service}.sqlite")
    assert store.insert_letter(letter, behind=False)
    number = str(store.select_letters()[0].number)
    given = {"GUESTLIST_DATA": str(house.data)}

    health = await client.health(service)
    assert health is not None
    assert health.dead_letters == 1
    listed = await guestlist("dead-letters", settings=given)
    assert listed.out.split("\t")[0] == f"{service} {number}"
    doctor = await guestlist("doctor", "--least-free", "1", settings=given)
    assert f"{service} keeps 1 dead letters" in doctor.out
    shown = await guestlist("dead-letters", "show", service, number, "--json", settings=given)
    assert [row["body"] for row in json.loads(shown.out)] == ["?"]
    failed = await guestlist("dead-letters", "redeliver", service, number, settings=given)
    assert (failed.code, failed.err.partition(":")[0]) == (1, "still-fails")
    eve = await guestlist("dead-letters", "discard", service, number, "--as", "eve", settings=given)
    assert (eve.code, eve.err.partition(":")[0]) == (1, "not-an-operator")
    done = await guestlist("dead-letters", "discard", service, number, settings=given)
    assert (done.code, done.err) == (0, "")
    left = await client.dead_letters(service, actor="operator")
    assert isinstance(left, DeadLetters)
    assert left.letters == ()
    with store.datastore.transaction(commit=False) as c:
        c.execute("SELECT settled, settled_by FROM dead_letters")
        assert [tuple(row) for row in c.fetchall()] == [("discarded", "operator")]


async def test_all_dead_letters_are_told_however_many_there_are(
    house: Supervisor, client: Client
) -> None:
    store = open_sqlite(house.data / "token.sqlite")
    for number in range(900):
        store.insert_letter(
            Letter(
                FOLLOWERS["token"], f"many-{number}", "evt.listing._", None, None, "{}", b"?",
                "no " * 100, 1, iso(clock.now()),
            ),
            behind=False,
        )  # fmt: skip
    told = await client.dead_letters("token", actor="operator")
    assert isinstance(told, DeadLetters)
    assert (len(told.letters), told.more) == (900, False)
    numbers = [letter.number for letter in told.letters]
    assert numbers == sorted(set(numbers))
    with store.datastore.transaction(commit=True) as c:
        c.execute("DELETE FROM dead_letters WHERE message_id LIKE 'many-%'")


async def test_an_unknown_verb_or_number_is_refused(client: Client, wire: Connection) -> None:
    told = await ask(wire, "dlq.token.burn.operator", b"{}")
    assert (told["status"], told["code"]) == ("refused", "bad-request")
    told = await ask(wire, "dlq.token.show.operator", b'{"number": "x"}')
    assert (told["status"], told["code"]) == ("refused", "bad-request")
    for number in (None, 77):
        missing = await client.dead_letters("token", "show", number, actor="operator")
        assert isinstance(missing, Refused)
        assert missing.code == "unknown-dead-letter"
        assert missing.code in Refusal.TABLE


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_tells_another_one_what_it_misses(
    client: Client, wire: Connection, service: str
) -> None:
    aggregate = AGGREGATES[service]
    body = json.dumps({"aggregate": aggregate, "after": 1}).encode()
    found = Found.model_validate(await ask(wire, f"log.{service}", body))
    told = [(row.position, row.meta, json.loads(row.body)) for row in found.published(
        service, aggregate
    )]  # fmt: skip
    published = [
        (row.position, row.meta, json.loads(row.body))
        async for row in client.events(follow=False)
        if row.position[:2] == (service, aggregate) and row.position.version > 1
    ]
    assert told
    assert told == published


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_that_is_well_says_so(wire: Connection, service: str) -> None:
    health = Health.model_validate(await ask(wire, f"health.{service}"))
    assert (health.service, health.status, health.why) == (service, "ready", ())
    assert health.log_end > 0
    assert f"{service}_commands" in health.behind
    assert 0 <= health.loop_lag < 1


@pytest.mark.parametrize(
    "subject", ["health.token", "log.token", "dlq.token.list.operator", "que.token.ApplyToken.x.y"]
)
async def test_nobody_is_answered_on_a_subject_that_is_no_inbox(
    wire: Connection, subject: str
) -> None:
    before = (await wire.jetstream().stream_info(EVENTS)).state.last_seq
    await wire.publish(subject, b"{}", reply="evt.token.TokenRemoved.x")
    await ask(wire, "health.token")
    assert (await wire.jetstream().stream_info(EVENTS)).state.last_seq == before
