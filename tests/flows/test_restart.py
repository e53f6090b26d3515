"""A service that dies loses nothing: what it knows is its history."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from services.contract import SERVICES
from services.history.kinds import KINDS
from services.installation.commands import LicenceState, SetAppProperty, SetLicenceState
from services.installation.queries import App
from services.listing.queries import Listing as AskListing
from services.supervisor import Supervisor
from services.token.commands import CreateToken, RemoveToken
from services.token.queries import ListTokens
from shared.aggregate import Aggregate
from shared.client import Client, NoReply
from shared.messages import Accepted, Answer
from tests.clients.audit import Audit
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted


async def answers(client: Client, app_key: str, site_id: str) -> list[Answer]:
    """All that can be asked about an app."""
    return [
        await client.query(AskListing(app_key=app_key), actor=ANN),
        await client.query(ListTokens(app_key=app_key), actor=ANN),
        await client.query(App(site_id=site_id, app_key=app_key), actor=BOB),
    ]


async def installed_app(client: Client, audit: Audit, app_key: str, site_id: str) -> None:
    """An app with some history: tokens made, applied, removed, its licence switched; it keeps."""
    await acting.list_app(client, app_key)
    await acting.make_site(client, site_id)
    _, link = await acting.make_token(client, app_key)
    for _ in range(2):
        await acting.make_token(client, app_key)
    await accepted(client, ANN, RemoveToken(app_key=app_key, token_id=2))
    await acting.install(client, audit, site_id, link)
    licence = SetLicenceState(site_id=site_id, app_key=app_key, state=LicenceState.INACTIVE_TRIAL)
    await accepted(client, BOB, licence)
    kept = SetAppProperty(site_id=site_id, app_key=app_key, name="board", value="1")
    await accepted(client, BOB, kept)


def aggregates(house: Supervisor, service: str) -> Iterator[Aggregate]:
    """Each aggregate of a service, loaded from every event that is stored of it."""
    store = acting.store(house, service)
    kinds = {kind.KIND: kind for kind in KINDS[service]}
    rows = {str(row.originator_id) for row in store.log_after(0, 1_000_000)}
    for aggregate_id in sorted(rows):
        kind, _, key = aggregate_id.rpartition("/")
        yield store.load(kinds[kind], key)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_killed_service_answers_from_its_history(
    house: Supervisor, client: Client, audit: Audit, service: str
) -> None:
    app_key, site_id = f"com.example.killed-{service}", f"killed-{service}"
    await installed_app(client, audit, app_key, site_id)
    before = await answers(client, app_key, site_id)
    assert {answer.status for answer in before} == {"ok"}

    await acting.kill(house, service)

    assert await answers(client, app_key, site_id) == before


@pytest.mark.parametrize("service", SERVICES)
async def test_loading_every_stored_event_twice_gives_equal_aggregates(
    house: Supervisor, client: Client, audit: Audit, service: str
) -> None:
    app_key, site_id = f"com.example.loaded-{service}", f"loaded-{service}"
    await installed_app(client, audit, app_key, site_id)
    once, again = list(aggregates(house, service)), list(aggregates(house, service))
    assert once == again
    assert {type(aggregate) for aggregate in once} == set(KINDS[service])
    assert all(aggregate.version for aggregate in once)


async def test_commands_sent_while_the_service_dies_are_each_decided_once(
    house: Supervisor, client: Client
) -> None:
    app_key = "com.example.dying"
    await acting.list_app(client, app_key)
    await accepted(client, ANN, CreateToken(app_key=app_key))

    async with await Client.open(house.url, ANN, timeout=2) as impatient:

        async def create(number: int) -> Any:
            while True:
                try:
                    asked = CreateToken(app_key=app_key)
                    reply = await impatient.send(asked, command_id=f"dying-{number}")
                except NoReply:
                    continue
                assert isinstance(reply, Accepted), reply
                return reply.result["token_id"]

        async with asyncio.TaskGroup() as group:
            creating = [group.create_task(create(number)) for number in range(40)]
            await acting.kill(house, "token")

    assert sorted(task.result() for task in creating) == list(range(2, 42))
    listed = await acting.tokens_of(client, app_key)
    assert [row["token_id"] for row in listed] == list(range(1, 42))
