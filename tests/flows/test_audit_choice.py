"""The audit is read from where one wants, and only what one wants of it."""

import asyncio
from datetime import timedelta
from typing import Any

from services.installation.commands import InstallApp
from services.supervisor import Supervisor
from services.token.commands import CreateToken
from shared import clock
from shared.client import Client
from tests.flows import acting
from tests.flows.auditing import audit, documents, register, told

APP = "com.example.choice"


async def test_the_audit_is_read_since_a_time(house: Supervisor, client: Client) -> None:
    await register(client, "before")
    await acting.quiet(house)
    await asyncio.sleep(0.01)
    between = clock.now()
    await register(client, "after-1", "after-2")
    after = ["listing/partner/after-1@1", "listing/partner/after-2@1"]
    assert (await told(house, "--since", between.isoformat()))[-2:] == after
    everything = await told(house)
    assert await told(house, "--since", "1h") == everything
    assert await told(house, "--since", (clock.now() + timedelta(hours=1)).isoformat()) == []
    place = await client.before(between)
    assert everything[place:] == after
    assert await client.before(clock.now()) == len(everything)
    assert await client.before(clock.now() - timedelta(days=1)) == 0


async def test_the_audit_is_read_by_the_names_of_events(house: Supervisor, client: Client) -> None:
    await acting.list_app(client, APP)
    await acting.make_token(client, APP)
    options = ("--event", "TokenCreated", "--event", "ListingCreated")
    assert await told(house, *options) == [f"listing/listing/{APP}@1", f"token/tokens/{APP}@3"]
    unknown = await audit(house, "--event", "TokenCreate")
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err.endswith("hint: did you mean TokenCreated?\n")


async def test_the_audit_is_read_by_what_it_is_about(house: Supervisor, client: Client) -> None:
    other, site = "com.example.audit.other", "audit"
    await acting.list_app(client, other)
    await acting.make_site(client, site)
    _, link = await acting.make_token(client, other)
    command = InstallApp(site_id=site, url=link)
    await client.send(command, actor=acting.BOB, command_id="audited")
    await acting.quiet(house)
    everything = await documents(house)

    def by(**wanted: str) -> list[dict[str, Any]]:
        return [
            row
            for row in everything
            if all((row | row["data"]).get(name) == value for name, value in wanted.items())
        ]

    assert await documents(house, "--app", other.upper()) == by(app_key=other) != []
    assert await documents(house, "--site", site) == by(site_id=site) != []
    assert await documents(house, "--actor", "bob") == by(actor="bob") != []
    flow = await documents(house, "--correlation", "audited")
    assert flow == by(correlation_id="audited")
    assert {row["type"].partition(".")[0] for row in flow} == {"token", "installation"}
    of_token = await documents(house, "--service", "token", "--app", other)
    assert of_token == [row for row in by(app_key=other) if row["type"].startswith("token.")] != []
    assert await documents(house, "--service", "token", "--site", "nowhere") == []
    unknown = await audit(house, "--service", "tokens")
    assert (unknown.code, unknown.out) == (2, "")


async def test_the_audit_is_read_from_its_end_and_from_anprinted_event(house: Supervisor) -> None:
    everything = await told(house)
    assert await told(house, "--last", "3") == everything[-3:]
    assert await told(house, "--last", "0") == []
    assert await told(house, "--last", "99999") == everything
    tokens = await told(house, "--event", "TokenCreated")
    assert await told(house, "--event", "TokenCreated", "--last", "1") == tokens[-1:]
    assert await told(house, "--after", everything[3]) == everything[4:]
    absent = await audit(house, "--after", "token/tokens/absent@1")
    assert (absent.code, absent.out) == (1, "")
    assert absent.err.startswith("no-history: there is no event token/tokens/absent@1")


async def test_refused_requests_are_audited(house: Supervisor, client: Client) -> None:
    await client.send(CreateToken(app_key="com.example.nowhere"), command_id="no", actor="eve")
    async with asyncio.timeout(10):
        while not (refused := await documents(house, "--refused", "--actor", "eve")):
            await asyncio.sleep(0.1)
    (row,) = refused
    assert (row["code"], row["command_id"], row["actor"]) == ("unknown-app", "no", "eve")
    assert row["data"]["body"] == {"app_key": "com.example.nowhere", "note": None}
    assert await documents(house, "--refused", "--app", "com.example.nowhere") == refused
    shown = await audit(house, "--refused", "--actor", "eve", "--detailed")
    first, *details = shown.out.splitlines()
    assert first.split("\t")[1:3] == ["token.CreateToken.refused", "eve"]
    assert "  command_id: no" in details
    place = ("--after", "token/tokens/x@1")
    assert (await audit(house, *place, "--last", "1")).code == 2
    for wrong in (
        place,
        ("--event", "TokenCreated"),
        ("--until", "TokenCreated"),
        ("-o", "cloudevents"),
    ):
        assert (await audit(house, "--refused", *wrong)).code == 2
