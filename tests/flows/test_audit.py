"""The audit is followed over restarts of everything, and told in each form."""

import asyncio
import json
import signal
from pathlib import Path

import nats
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from services.contract import SERVICES
from services.supervisor import Supervisor
from services.token.commands import CreatedToken, CreateToken
from services.token.queries import ListTokens, TokenList
from shared.client import Client, NoReply
from shared.messages import Accepted, Answered
from shared.streams import declared
from shared.subjects import EVENTS
from tests.clients.command import guestlist, read_line, started
from tests.flows import acting
from tests.flows.acting import ANN, accepted
from tests.flows.auditing import audit, given, printed_event, register, told, until_told
from tests.flows.conftest import bare_nats

APP = "com.example.audit"


async def test_following_goes_on_over_restarts_of_everything_without_gap_or_double(
    house: Supervisor, client: Client
) -> None:
    await register(client, "p0")
    async with started("audit", "--follow", "-o", "jsonl", settings=given(house)) as following:
        seen = [await printed_event(following.stdout)]
        for number, name in enumerate(("nats", *SERVICES), 1):
            await acting.kill(house, name)
            if name == "nats":
                problem = json.loads(await read_line(following.stderr))
                assert (problem["code"], problem["hint"]) == ("reconnecting", "")
            await register(client, f"p{number}", f"q{number}")
            seen += [await printed_event(following.stdout) for _ in range(2)]
        wanted = [f"{letter}{number}" for number in range(1, 5) for letter in "pq"]
        assert seen == [f"listing/partner/{name}@1" for name in ("p0", *wanted)]

        following.send_signal(signal.SIGINT)
        assert await following.wait() == 130
        assert following.stdout is not None
        assert await following.stdout.read() == b""
    assert await told(house) == seen


async def test_the_audit_is_followed_from_its_end(house: Supervisor, client: Client) -> None:
    (known,) = await told(house, "--last", "1")
    options = ("--follow", "--last", "1", "-o", "jsonl")
    async with started("audit", *options, settings=given(house)) as following:
        assert await printed_event(following.stdout) == known
        await register(client, "latest")
        assert await printed_event(following.stdout) == "listing/partner/latest@1"
        following.send_signal(signal.SIGINT)
        assert await following.wait() == 130


async def test_following_ends_with_an_event_or_its_time(house: Supervisor, client: Client) -> None:
    options = ("--last", "0", "--until", "PartnerRegistered", "-o", "jsonl")
    async with started("audit", *options, settings=given(house)) as following:
        for number in range(100):
            if following.returncode is not None:
                break
            await register(client, f"until-{number}")
            await asyncio.sleep(0.2)
        assert following.returncode == 0
        assert following.stdout is not None
        printed = (await following.stdout.read()).splitlines()
    assert [json.loads(line)["type"] for line in printed] == ["listing.PartnerRegistered"]
    late = await audit(house, "--last", "0", "--until", "ListingRejected", "--within", "0.5")
    assert (late.code, late.out) == (3, "")
    assert late.err.startswith("not-ended: 0.5 s are over")


async def test_a_named_subscription_goes_on_where_it_stopped(
    house: Supervisor, client: Client
) -> None:
    name = ("--name", "nightly")
    everything = await told(house, *name)
    assert everything == (await told(house))[: len(everything)]
    assert await told(house, *name) == []
    await register(client, "named-1")
    assert await told(house, *name) == ["listing/partner/named-1@1"]
    assert await told(house, "--name", "other", "--since", "1h") == await told(house)
    options = (*name, "--follow", "-o", "jsonl")
    async with started("audit", *options, settings=given(house)) as following:
        await register(client, "named-2", "named-3")
        assert await printed_event(following.stdout) == "listing/partner/named-2@1"
        assert await printed_event(following.stdout) == "listing/partner/named-3@1"
        for service in ("nats", "listing"):
            await acting.kill(house, service)
        await register(client, "named-4")
        assert await printed_event(following.stdout) == "listing/partner/named-4@1"
        await asyncio.sleep(0.5)  # until the bookmark is moved
        following.kill()
    await register(client, "named-5")
    assert (await told(house, *name))[-1:] == ["listing/partner/named-5@1"]
    assert len(await told(house, *name)) == 0


async def test_two_do_not_share_a_name(house: Supervisor, client: Client) -> None:
    options = ("--name", "shared", "--follow", "-o", "jsonl")
    await told(house, "--name", "shared")
    async with (
        started("audit", *options, settings=given(house)) as one,
        started("audit", *options, settings=given(house)) as other,
    ):
        ends = [asyncio.create_task(process.wait()) for process in (one, other)]
        for number in range(40):  # until both follow there is nothing to notice
            await register(client, f"shared-{number}")
            ended_first, _ = await asyncio.wait(ends, timeout=1, return_when="FIRST_COMPLETED")
            if ended_first:
                break
        assert [end.result() for end in ended_first] == [1]
        ended = one if one.returncode is not None else other
        assert ended.stderr is not None
        assert b"name-in-use" in await ended.stderr.read()
    wrong = await audit(house, "--name", "No Name")
    assert (wrong.code, wrong.err.partition(":")[0]) == (2, "bad-request")
    assert (await audit(house, "--name", "nightly", "--last", "3")).code == 2


async def test_an_event_is_told_in_three_depths(house: Supervisor, client: Client) -> None:
    await acting.list_app(client, APP)
    await acting.make_token(client, APP)
    made = await accepted(client, ANN, CreateToken(app_key=APP, note="for\tBob"))
    position, line = made.events[0].id, f"token 2 of {APP} made by ann"
    options = ("--event", "TokenCreated")
    await until_told(house, position)
    short = (await audit(house, *options)).out.splitlines()[-1].split("\t")
    assert short[1:] == ["token.TokenCreated", "ann", line]
    detailed = (await audit(house, *options, "--detailed")).out
    for text in (f"  id: {position}", f"  command_id: {made.command_id}", r"  data.note: for\tBob"):
        assert f"\n{text}\n" in detailed
    whole = json.loads((await audit(house, *options, "--json")).out)[-1]
    assert (whole["id"], whole["line"], whole["data"]["note"]) == (position, line, "for\tBob")
    assert whole["time"] == short[0]


async def test_cloudevents_are_what_the_library_of_them_reads(
    house: Supervisor, client: Client
) -> None:
    await register(client, "cloud")
    ended = await audit(house, "-o", "cloudevents")
    events = [JSONFormat().read(CloudEvent, line.encode()) for line in ended.out.splitlines()]
    assert [event.get_id() for event in events] == await told(house)
    last = events[-1]
    assert (last.get_type(), last.get_source()) == (
        "listing.PartnerRegistered",
        "/guestlist/listing",
    )
    assert last.get_extension("authid") == "ann"


async def test_what_a_command_gives_is_read_as_its_type(client: Client) -> None:
    made = await accepted(client, ANN, CreateToken(app_key=APP))
    created = made.read(CreatedToken)
    answer = await client.query(ListTokens(app_key=APP), actor=ANN)
    assert isinstance(answer, Answered)
    listed = answer.read(TokenList).tokens[-1]
    assert (created.token_id, created.links) == (listed.token_id, listed.links)
    newer = made.model_copy(update={"result": made.result | {"added": 1}})
    assert isinstance(newer, Accepted)
    assert newer.read(CreatedToken) == created


async def test_a_closed_client_follows_nothing_any_more(
    house: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.consumer.HEARTBEAT", 0.2)
    async with await Client.open(house.url, "auditor") as opened:
        following = opened.events()
        await anext(following)
    with pytest.raises(NoReply):
        async for _ in following:
            pass


async def test_an_audit_of_nothing_yet_is_empty(tmp_path: Path) -> None:
    async with bare_nats(tmp_path) as url:
        connection = await nats.connect(url)
        await connection.jetstream().add_stream(declared()[EVENTS])
        await connection.close()
        for options in ((), ("--since", "2h")):
            ended = await guestlist("audit", *options, "--json", "--nats", url)
            assert (ended.code, ended.out, ended.err) == (0, "[]\n", "")
