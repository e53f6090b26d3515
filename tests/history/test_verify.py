"""Whatever is changed in a store is found, and it is told where."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from eventsourcing.persistence import StoredEvent

from services.history import stores
from services.history.kinds import KINDS
from services.history.progress import Progress
from services.history.stores import open_store
from services.history.verifying import seals
from services.history.verifying.house import Finding, found, verify
from services.history.verifying.seals import (
    NoSeal,
    Seal,
    SignedSeal,
    broken,
    key_of,
)
from services.history.verifying.stream import compare
from services.installation.commands import InstallApp, LicenceState, SetLicenceState
from services.token.commands import CreatedToken, CreateToken, RemoveToken
from shared import clock
from shared.messages import Accepted
from shared.published import Published
from shared.settings import store_file
from shared.sqlite import open_sqlite
from shared.store import Store
from tests.faults.conftest import SIZE
from tests.history.harm import HARMS, UNSEALED, Row, rows, write
from tests.history.writing import kept as stored_once
from tests.world import World

SEEDS = {"some": 14, "short": 14, "long": 125}[SIZE]
"""Of each way to harm a store."""
APPS = ("com.example.one", "com.example.two")


class Kept(NamedTuple):
    """The stores of a house with some history, what its stream has, and its seal."""

    folder: Path
    stream: list[Published]
    seal: SignedSeal


@pytest.fixture(scope="module")
async def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Two apps, each on a site; a token too many was removed."""
    folder = tmp_path_factory.mktemp("kept")
    world = World(folder)
    for number, app in enumerate(APPS):
        site = f"site-{number}"
        await world.list_app(app)
        await world.make_site(site)
        await world.settle()
        for _ in range(2):
            await world.send("ann", CreateToken(app_key=app))
        made = await world.send("ann", CreateToken(app_key=app))
        assert isinstance(made, Accepted)
        link = made.read(CreatedToken).links.private
        assert link is not None
        await world.send("ann", InstallApp(site_id=site, url=link))
        await world.settle()
        state = LicenceState.INACTIVE_TRIAL
        await world.send("ann", SetLicenceState(site_id=site, app_key=app, state=state))
        await world.send("ann", RemoveToken(app_key=app, token_id=3))
        await world.send("ann", RemoveToken(app_key=app, token_id=99))
        await world.settle()
    stream = [event for service in KINDS for event in world.published(service)]
    world.leave()
    seal = SignedSeal.of(Seal.of(opened(folder), Progress()), key_of(folder / "seal.pem"))
    return Kept(folder, stream, seal)


def opened(folder: Path) -> dict[str, Store]:
    """The stores of a folder."""
    return {service: open_store(folder, service) for service in KINDS}


async def wrong(folder: Path, stream: list[Published]) -> list[Finding]:
    """What isn't well in the stores, by themselves and beside that stream."""
    house = opened(folder)
    findings = list(verify(house, Progress()))
    for row in await compare(house, _told(stream)):
        findings += found("stream", row.service, row.flaws, "")
    return [finding for finding in findings if not finding.well]


def looked(folder: Path) -> list[str]:
    """What isn't well in the stores by themselves."""
    return [row.detail for row in verify(opened(folder), Progress()) if not row.well]


def unsealed(folder: Path, seal: Seal) -> list[Finding]:
    """Where the logs aren't as they were sealed."""
    return [
        finding
        for service, log in seal.logs.items()
        for finding in found(
            "seal", service, broken(open_store(folder, service), log, Progress()), ""
        )
        if not finding.well
    ]


async def _told(stream: list[Published]) -> AsyncIterator[Published]:
    for published in stream:
        yield published


@pytest.fixture
def copied(kept: Kept, tmp_path: Path) -> Path:
    """A copy of the stores."""
    for service in KINDS:
        shutil.copy(store_file(kept.folder, service), tmp_path)
    return tmp_path


def for_the_seal(before: list[Row], after: list[Row]) -> bool:
    """Whether only the place or the end of what isn't published changed.

    No event behind it tells, and it stands in no stream.
    """
    ends = {row.aggregate: row.version for row in before}
    touched = {*before} ^ {*after}
    moved = {row._replace(place=0) for row in before} == {row._replace(place=0) for row in after}
    return all(
        row.aggregate.startswith("copy/") and (moved or row.version == ends[row.aggregate])
        for row in touched
    )


async def test_what_nobody_changed_is_well(kept: Kept) -> None:
    assert await wrong(kept.folder, kept.stream) == []
    assert unsealed(kept.folder, kept.seal.seal) == []


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("kind", HARMS)
async def test_each_change_is_found_and_named(
    kept: Kept, copied: Path, kind: str, seed: int
) -> None:
    chance = Random(f"{kind} {seed}")
    service = chance.choice(list(KINDS))
    with closing(sqlite3.connect(store_file(copied, service))) as store, store:
        before = rows(store)
        harmed = HARMS[kind](store, chance)
        left = kind not in UNSEALED and for_the_seal(before, rows(store))
    told = await wrong(copied, kept.stream)
    places = {finding.where.partition("@")[0] for finding in told}
    named = places & {f"{service}/{aggregate}" for aggregate in harmed}
    assert named or left, (harmed, told)
    sealed = unsealed(copied, kept.seal.seal)
    assert {finding.service for finding in sealed} == (set() if kind in UNSEALED else {service})


async def test_a_tail_that_was_cut_off_the_stream_too_is_seen_by_the_seal_alone(
    kept: Kept, copied: Path
) -> None:
    with closing(sqlite3.connect(store_file(copied, "installation"))) as store, store:
        last = max(rows(store))
        store.execute("DELETE FROM stored_events WHERE rowid=?", (last.place,))
    with closing(sqlite3.connect(store_file(copied, "token"))) as store, store:
        store.execute("UPDATE tracking SET version=version-1 WHERE aggregate=?", (last.aggregate,))
    stream = kept.stream[:-1]
    assert kept.stream[-1].sequence == last.place
    assert await wrong(copied, stream) == []
    assert [(row.service, row.detail) for row in unsealed(copied, kept.seal.seal)] == [
        (
            "installation",
            f"the log ends at {last.place - 1}, it was sealed up to {last.place}: cut",
        ),
        ("installation", f"the log isn't as it was sealed at 1 to {last.place}"),
    ]


def test_a_seal_tells_near_which_place_something_was_changed(
    kept: Kept, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "_BLOCK", 5)
    seal = Seal.of(opened(kept.folder), Progress())
    with closing(sqlite3.connect(store_file(copied, "token"))) as store, store:
        write(store, rows(store)[6], b"{}")
        store.execute("DELETE FROM stored_events WHERE rowid=13")
    assert [row.detail for row in unsealed(copied, seal)] == [
        "the log isn't as it was sealed at 6 to 10",
        "the log isn't as it was sealed at 11 to 15",
    ]


async def test_a_message_that_stands_in_the_stream_twice_is_found(kept: Kept) -> None:
    (flaw,) = await wrong(kept.folder, [*kept.stream, kept.stream[-1]])
    assert flaw.where == str(kept.stream[-1].position)
    assert flaw.detail.startswith("it stands in the stream twice")


async def test_what_the_stream_lost_is_found_but_not_what_is_on_its_way(kept: Kept) -> None:
    (flaw,) = await wrong(kept.folder, kept.stream[1:])
    assert (flaw.where, flaw.detail) == (
        str(kept.stream[0].position),
        "the stream doesn't have it",
    )
    assert await wrong(kept.folder, kept.stream[:-1]) == []


async def test_an_event_is_well_whose_command_was_dropped_but_not_that_of_its_commit(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    await world.list_app(APPS[0])
    create = CreateToken(app_key=APPS[0])
    await asyncio.gather(world.send("ann", create), world.send("ann", create))
    world.leave()
    token = world.stores["token"]
    one, other = stores.commands(token)
    assert one.time == other.time
    assert token.prune(clock.now() + timedelta(days=1), up_to=2) == 1
    assert looked(tmp_path) == []


def test_a_command_log_that_was_emptied_is_found(copied: Path) -> None:
    with closing(sqlite3.connect(store_file(copied, "token"))) as store, store:
        store.execute("DELETE FROM command_log")
    assert all("isn't in the command log" in detail for detail in looked(copied))
    assert looked(copied)


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({}, True),
        ({"brought": False}, True),
        ({"brought": True}, False),
        ({"attempt": 2}, False),
        ({"attempt": "second"}, False),
    ],
)
async def test_what_old_code_published_is_the_event_that_it_stored(
    tmp_path: Path, fields: dict[str, object], *, same: bool
) -> None:
    old = stored_once("installation.TokenAttached")[0]
    recorder = open_sqlite(store_file(tmp_path, "installation"))
    recorder.insert_events([StoredEvent(*old.row[1:])])
    store = Store("installation", recorder)
    message = stores.told(store, next(stores.log(store)))
    body = json.dumps(old.fields | fields, separators=(",", ":")).encode()
    compared = await compare({"installation": store}, _told([replace(message, body=body)]))
    (flaws,) = (row.flaws for row in compared)
    assert (flaws == []) is same, flaws


async def test_the_same_said_by_another_is_found(kept: Kept) -> None:
    first = kept.stream[0]
    other = replace(first, meta=first.meta.model_copy(update={"actor": "mallory"}))
    (flaw,) = await wrong(kept.folder, [other, *kept.stream[1:]])
    assert flaw.detail.startswith("the stream has it otherwise")


def test_a_seal_that_was_changed_or_is_none_is_refused(kept: Kept, tmp_path: Path) -> None:
    file = tmp_path / "seal.json"
    file.write_text(kept.seal.model_dump_json())
    assert SignedSeal.read(file) == kept.seal
    for text, told in (
        (kept.seal.model_dump_json().replace('"end":', '"end":1'), "isn't as it was signed"),
        ("{}", "is no seal"),
        ("", "is no seal"),
    ):
        file.write_text(text)
        with pytest.raises(NoSeal, match=told):
            SignedSeal.read(file)


def test_a_key_with_a_password_is_no_key_to_seal_with(tmp_path: Path) -> None:
    file = tmp_path / "seal.pem"
    locked = BestAvailableEncryption(b"secret")
    key = Ed25519PrivateKey.generate()
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    with pytest.raises(ValueError, match="encrypted with a password"):
        key_of(file)
