"""Histories are read again: step by step, as of a moment, and as the flow of a command."""

import asyncio
import json
import shutil
import signal
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services.contract import SERVICES
from services.supervisor import Supervisor
from services.token.commands import CreateToken, RemoveToken
from shared.client import Client
from shared.settings import Settings
from shared.tasks import end
from tests.clients.command import Ended, guestlist, read_line, started
from tests.clients.ports import free_port
from tests.flows import acting

APP, SITE = "com.example.history", "history"
LISTING, TOKENS = f"listing/listing/{APP}", f"token/tokens/{APP}"


@pytest.fixture(scope="module")
async def data(house: Supervisor, client: Client, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a house with a site that installed an app by a token."""
    await acting.list_app(client, APP)
    await acting.make_site(client, SITE)
    _, link = await acting.make_token(client, APP)
    file = tmp_path_factory.mktemp("link") / "link"
    file.write_text(link)
    typed = ("InstallApp", f"site_id={SITE}", f"url=@{file}", "--as", "bob", "--id", "install")
    ended = await guestlist("send", *typed, settings={"GUESTLIST_DATA": str(house.data)})
    assert ended.code == 0, ended.err
    await acting.quiet(house)
    return house.data


async def history(data: Path, *typed: str, **settings: str) -> Ended:
    """What `guestlist history` prints."""
    return await guestlist("history", *typed, settings={"GUESTLIST_DATA": str(data)} | settings)


async def told(data: Path, *typed: str) -> Any:
    """The same as data."""
    ended = await history(data, *typed, "--json")
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def copy(data: Path, there: Path) -> None:
    """Copy the stores, as they are while the house runs."""
    for service in SERVICES:
        for part in ("", "-shm", "-wal"):
            shutil.copy(data / f"{service}.sqlite{part}", there)


async def test_a_history_is_its_events_in_order_with_what_each_changed(data: Path) -> None:
    events = await told(data, LISTING.upper())
    assert [event["id"] for event in events] == [f"{LISTING}@1", f"{LISTING}@2"]
    assert [event["type"] for event in events] == [
        "listing.ListingCreated",
        "listing.VersionPublished",
    ]
    assert await told(data, f"{LISTING}@1") == events[:1]
    created = (await told(data, TOKENS))[2]
    assert [change["path"] for change in created["changes"]] == ["/given", "/active/1"]
    assert (
        created["changes"][0] | {"op": "replace", "before": 0, "after": 1} == created["changes"][0]
    )
    lines = (await history(data, TOKENS)).out.splitlines()
    assert "  ~ /given 0 → 1" in lines


async def test_it_is_the_same_in_the_stores_of_a_house_that_is_down_and_in_the_stream(
    house: Supervisor, data: Path, tmp_path: Path
) -> None:
    events = await told(data, TOKENS)
    copy(data, tmp_path)
    assert await told(tmp_path, TOKENS) == events
    assert await told(tmp_path / "absent", TOKENS, "--nats", house.url) == events


async def test_what_a_service_copied_is_in_its_store_only(house: Supervisor, data: Path) -> None:
    (seen,) = await told(data, "token/copy/partner/example")
    assert seen["type"] == "token.MembersSeen"
    streamed = await history(data, "token/copy/partner/example", "--nats", house.url)
    assert (streamed.code, streamed.err.partition(":")[0]) == (1, "no-history")


@pytest.mark.parametrize(
    ("as_of", "given"), [("2", 0), ("3", 1), (f"{TOKENS}@2", 0), (f"{TOKENS}@3", 1)]
)
async def test_a_state_is_told_as_of_a_version_or_an_event(
    data: Path, as_of: str, given: int
) -> None:
    (state,) = await told(data, TOKENS, "--as-of", as_of)
    assert state["state"]["given"] == given
    assert state["id"].partition("@")[2] == as_of[-1]


async def test_a_state_is_told_as_of_a_time_and_as_of_what_happened_elsewhere(data: Path) -> None:
    _, seen, created, *_ = await told(data, TOKENS)
    (listed, _) = await told(data, LISTING)
    (at_time,) = await told(data, TOKENS, "--as-of", created["time"])
    assert at_time["state"]["given"] == 1
    (then,) = await told(data, TOKENS, "--as-of", f"installation/site/{SITE}@3")
    assert then["state"]["active"]["1"]["site_id"] is None
    early = await history(data, TOKENS, "--as-of", listed["id"])
    assert (early.code, early.out) == (1, "")
    assert early.err.startswith(f"no-history: nothing happened to {TOKENS} by then")
    assert seen["version"] == 2


async def test_a_flow_is_told_across_the_services(data: Path) -> None:
    nodes = await told(data, "--correlation", "install")
    shape = [(node["depth"], node["name"]) for node in nodes]
    assert shape == [
        (0, "InstallApp"),
        (1, "installation.InstallRequested"),
        (2, "ApplyToken"),
        (3, "token.TokenApplied"),
        (2, "AttachToken"),
        (3, "installation.TokenAttached"),
        (4, "FinishInstall"),
        (5, "installation.AppInstalled"),
        (6, "UpdateApp"),
        (5, "installation.LicenceChanged"),
    ]
    by_id: Mapping[str, Any] = {node["id"]: node for node in nodes}
    for node in nodes[1:]:
        assert by_id[node["cause"]]["depth"] == node["depth"] - 1
        assert node["after_ms"] >= by_id[node["cause"]]["after_ms"]
    lines = (await history(data, "--correlation", "install")).out.splitlines()
    assert lines[0] == "+0.0 ms\tInstallApp\tbob\taccepted"
    assert lines[3].split("\t")[1:] == [
        "      token.TokenApplied",
        "guestlist",
        f"token 1 of {APP} applied on {SITE}",
    ]


async def test_what_has_no_history_is_told(data: Path, tmp_path: Path) -> None:
    unknown = await history(data, "token/tokens/com.example.absent")
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err.startswith("no-history: nothing happened to token/tokens/com.example.absent")
    for typed, code in (
        (["com.example.app"], "bad-request"),
        ([], "wrong-use"),
        ([TOKENS, "--correlation", "install"], "wrong-use"),
        (["tokens/tokens/x"], "unknown-service"),
        ([TOKENS, "--as-of", "then"], "bad-request"),
        ([TOKENS, "--as-of", "1", "-o", "cloudevents"], "wrong-use"),
    ):
        wrong = await history(data, *typed)
        assert (wrong.code, wrong.out) == (2, "")
        assert code in wrong.err
    for spoilt in (b"", b"no store"):
        (tmp_path / "token.sqlite").write_bytes(spoilt)
        damaged = await history(tmp_path, TOKENS)
        assert (damaged.code, damaged.err.partition(":")[0]) == (1, "damaged")
    copy(data, tmp_path)
    with closing(sqlite3.connect(tmp_path / "token.sqlite")) as store, store:
        store.execute("UPDATE stored_events SET topic='no.Topic' WHERE topic='token.TokenCreated'")
    for command in (("history", TOKENS), ("replay",)):
        damaged = await guestlist(*command, settings={"GUESTLIST_DATA": str(tmp_path)})
        assert (damaged.code, damaged.err.partition(":")[0]) == (1, "damaged")
    for typed in ([TOKENS, "--as-of", f"{TOKENS}@999"], ["--correlation", "nobody"]):
        absent = await history(data, *typed)
        assert (absent.code, absent.err.partition(":")[0]) == (1, "no-history")


async def test_a_scratch_copy_is_a_house_of_its_own(
    house: Supervisor, client: Client, data: Path, tmp_path: Path
) -> None:
    archive, scratch = tmp_path / "house.jsonl", tmp_path / "scratch"
    created = (await told(data, TOKENS))[2]
    typed = ("export", str(archive), "--as-of", created["id"])
    assert (await guestlist(*typed, settings={"GUESTLIST_DATA": str(data)})).code == 0
    before = await client.last()
    ports = ("--port", str(free_port()), "--http-port", str(free_port()))
    up = ("up", "--from", str(archive), *ports, "--json")
    async with started(*up, settings={"GUESTLIST_DATA": str(scratch)}) as running:
        assert await read_line(running.stdout)
        send = ("send", "CreateToken", f"app_key={APP}", "--as", acting.ANN, "--json")
        made = await guestlist(
            *send, "--data", str(scratch), settings={"GUESTLIST_NATS": house.url}
        )
        assert json.loads(made.out)["result"]["token_id"] == 2
        assert [event["version"] for event in await told(scratch, TOKENS)] == [1, 2, 3, 4]
        async with asyncio.timeout(10):
            while any(row["well"] is False for row in await verified(scratch)):
                await asyncio.sleep(0.2)
        running.send_signal(signal.SIGTERM)
        assert await running.wait() == 0
    assert await client.last() == before
    assert house.url not in (scratch / "connection.json").read_text()
    again = await guestlist(*up, settings={"GUESTLIST_DATA": str(scratch)})
    assert (again.code, again.out) == (1, "")
    assert json.loads(again.err)["code"] == "not-empty"
    assert not Settings(data=scratch).tells
    assert Settings(data=scratch, hooks=True).tells
    assert Settings(data=data).tells


async def verified(data: Path, *typed: str, code: int = 0) -> list[dict[str, Any]]:
    """What `guestlist verify` tells."""
    ended = await guestlist("verify", *typed, "--json", settings={"GUESTLIST_DATA": str(data)})
    assert (ended.code, ended.err) == (code, "")
    looked: list[dict[str, Any]] = json.loads(ended.out)
    return looked


async def test_a_house_at_work_is_verified_beside_its_stream(client: Client, data: Path) -> None:
    async def ask() -> None:
        while True:
            await client.send(CreateToken(app_key="com.example.unknown"), actor=acting.ANN)
            _, link = await acting.make_token(client, APP)
            number = int(link.partition("gl_")[2].partition("_")[0])
            await client.send(RemoveToken(app_key=APP, token_id=number), actor=acting.ANN)

    asking = asyncio.create_task(ask())
    for _ in range(3):
        looked = await verified(data)
        assert {row["check"] for row in looked if row["well"] is None} == {"seal"}
        assert [row for row in looked if row["well"] is False] == []
    await end(asking)


async def test_a_change_is_found_in_a_house_that_is_down_by_its_seal(
    data: Path, tmp_path: Path
) -> None:
    here, seal = tmp_path / "here", tmp_path / "seal.json"
    here.mkdir()
    copy(data, here)
    settings = {"GUESTLIST_DATA": str(here)}
    sealed = await guestlist("seal", str(seal), "--json", settings=settings)
    signer = json.loads(sealed.out)["signer"]
    looked = await verified(here, "--against", str(seal), "--signer", signer)
    assert {row["check"] for row in looked if row["well"] is None} == {"stream"}
    other = await guestlist("verify", "--against", str(seal), "--signer", "x", settings=settings)
    assert (other.code, other.err.partition(":")[0]) == (1, "no-seal")
    with closing(sqlite3.connect(here / "token.sqlite")) as store, store:
        told = "UPDATE stored_events SET state=replace(state, '\"ann\"', '\"eve\"') WHERE topic=?"
        store.execute(told, ("token.TokenCreated",))
    wrong = [
        row for row in await verified(here, "--against", str(seal), code=1) if row["well"] is False
    ]
    assert {row["check"] for row in wrong} == {"chain", "seal"}
    first = next(row["detail"] for row in wrong if row["check"] == "seal")
    assert "the log isn't as it was sealed at 1 to" in first
