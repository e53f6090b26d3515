"""A history goes into one file and comes out of it as it was."""

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from services.folder import KeysGone, make_keys
from services.history import moments, stores
from services.history.archive import Cut, NoArchive, read, write
from services.history.kinds import KINDS
from services.history.progress import Progress
from services.history.stores import find, open_store
from services.history.verifying.house import verify
from services.installation.commands import RegisterSite
from services.listing.commands import RegisterPartner
from services.token.commands import CreateToken
from shared import clock
from shared.errors import Damaged
from shared.messages import Command, Envelope
from shared.names import Position
from shared.records import Stored
from shared.settings import archive_mark, store_file
from shared.sqlite import open_sqlite
from shared.store import Store
from tests.history.conftest import APP, SITE, TOKENS
from tests.world import OPERATOR, World

LISTING, ON_SITE = f"listing/listing/{APP}", f"installation/site/{SITE}"
LATE_SITE = RegisterSite(
    site_id="late", base_url="https://late.example.com", product="jira", admin="ann"
)


@pytest.fixture
def house(data: Path, tmp_path: Path) -> Path:
    """A copy of the stores, in which something may happen."""
    folder = tmp_path / "house"
    shutil.copytree(data, folder)
    return folder


def opened(folder: Path) -> dict[str, Store]:
    """The stores of a folder."""
    return {service: open_store(folder, service) for service in KINDS}


def archive(folder: Path, cut: Cut | None = None) -> list[bytes]:
    """The lines of an archive."""
    return list(write(opened(folder).values(), cut, Progress()))


def wrong(folder: Path) -> list[str]:
    """What isn't well in the stores of a folder."""
    return [row.detail for row in verify(opened(folder), Progress()) if not row.well]


def table(folder: Path, service: str, name: str) -> list[tuple[object, ...]]:
    """All that is in a table."""
    with closing(sqlite3.connect(store_file(folder, service))) as store:
        return sorted(store.execute(f"SELECT * FROM {name}"))  # our own names


def test_what_is_read_is_what_was_written(data: Path, tmp_path: Path) -> None:
    lines = archive(data)
    events = read(lines, tmp_path)
    assert events == {service: store.log_end() for service, store in opened(data).items()}
    for service in KINDS:
        for name in ("stored_events", "command_log", "tracking", "labels"):
            assert table(tmp_path, service, name) == table(data, service, name)
        assert table(tmp_path, service, "log") != table(data, service, "log")
    assert archive(tmp_path) == lines == archive(data)
    assert wrong(tmp_path) == []


def test_nothing_is_left_beside_what_is_read(data: Path, tmp_path: Path) -> None:
    read(archive(data), tmp_path)
    files = sorted(path.name for path in tmp_path.iterdir())
    stores = [f"{service}.sqlite" for service in KINDS]
    assert files == sorted([*stores, archive_mark(tmp_path).name, "keys.json"])


def test_each_line_is_a_cloudevent(data: Path) -> None:
    for line in archive(data):
        attributes = json.loads(line)
        assert {"specversion", "id", "source", "type"} <= attributes.keys()
        assert all(name.isalnum() and name.islower() for name in attributes)
        assert all(isinstance(text, str) for name, text in attributes.items() if name != "data")


def right_after(store: Store, place: str) -> Cut:
    """As of an event of that store."""
    event = stores.told(store, row_at(store, place))
    return Cut(moments.right_after(event), event.meta.time)


def row_at(store: Store, place: str) -> Stored:
    """What is stored at a position."""
    row = find(store, Position.parse(place))
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("place", "end"),
    [
        *((f"{TOKENS}@{version}", f"{TOKENS}@{version}") for version in (2, 3, 4, 5, 30, 53)),
        pytest.param(f"{LISTING}@1", f"{LISTING}@2", id="one of two by a command"),
        pytest.param(f"{ON_SITE}@5", f"{ON_SITE}@6", id="one of two by a step"),
        pytest.param(f"{ON_SITE}@8", f"{ON_SITE}@9", id="one of two by an event"),
    ],
)
def test_a_history_as_of_an_event_is_whole(
    data: Path, tmp_path: Path, place: str, end: str
) -> None:
    service = place.partition("/")[0]
    store = open_store(data, service)
    lines = archive(data, right_after(store, place))
    read(lines, tmp_path)
    assert wrong(tmp_path) == []
    assert open_store(tmp_path, service).log_end() == row_at(store, end).id
    assert archive(tmp_path) == lines


def test_a_history_as_of_a_time_ends_there(data: Path, tmp_path: Path) -> None:
    early = datetime(2020, 1, 1, tzinfo=UTC)
    assert len(archive(data, Cut(moments.at_time(early), early))) == 2
    late = datetime.now(UTC) + timedelta(days=1)
    lines = archive(data, Cut(moments.at_time(late), late))
    read(lines, tmp_path)
    assert wrong(tmp_path) == []
    handled = b"guestlist.Handled"
    assert [line for line in lines if handled not in line] == [
        line for line in archive(data) if handled not in line
    ]


def test_a_history_from_before_the_oldest_command_that_is_known_is_well(
    house: Path, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    token = Store("token", open_sqlite(store_file(house, "token")))
    while token.prune(datetime.now(UTC) + timedelta(days=1), up_to=token.commands_end()):
        pass
    read(archive(house, right_after(token, f"{TOKENS}@4")), there)
    assert list(stores.commands(open_store(there, "token"))) == []
    assert wrong(there) == []


def test_services_to_which_nothing_happened_have_a_store_too(data: Path, tmp_path: Path) -> None:
    early = datetime(2020, 1, 1, tzinfo=UTC)
    lines = archive(data, Cut(moments.at_time(early), early))
    assert read(lines, tmp_path) == dict.fromkeys(KINDS, 0)
    assert wrong(tmp_path) == []
    assert archive(tmp_path) == lines


def happen(folder: Path, *asked: Command, cause: str | None = None, settle: bool = True) -> None:
    """Let the services decide these commands, and each follow what the others tell."""

    async def meanwhile() -> None:
        world = World(folder)
        for command in asked:
            id_ = f"meanwhile-{command.key}"
            envelope = Envelope(
                id=id_,
                actor=OPERATOR if cause is None else "ann",
                time=clock.now(),
                correlation_id=id_,
                causation_id=cause,
            )
            assert (await world.ask(command, envelope)).status == "accepted"
        if settle:
            await world.settle()
        world.close()

    asyncio.run(meanwhile())


def token_follows(folder: Path) -> None:
    """A site is registered, and the token service takes it over."""
    happen(folder, LATE_SITE)


def token_is_asked(folder: Path) -> None:
    """A site is registered, and the token service is asked for something by that."""
    happen(folder, LATE_SITE, settle=False)
    happen(folder, CreateToken(app_key=APP), cause="installation/site/late@1", settle=False)


def test_what_happens_while_a_history_is_written_is_not_in_it(house: Path, tmp_path: Path) -> None:
    before = archive(house)
    lines: list[bytes] = []
    for line in write(opened(house).values(), None, Progress()):
        if b'"/guestlist/token"' in line and b'"/guestlist/token"' not in lines[-1]:
            happen(house, RegisterPartner(partner_id="late", organisation="Late"))
        lines.append(line)
    assert lines == before != archive(house)
    read(lines, tmp_path / "there")
    assert wrong(tmp_path / "there") == []


@pytest.mark.parametrize("meanwhile", [token_follows, token_is_asked])
def test_what_a_service_had_of_another_is_in_it_too(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Path], None]
) -> None:
    stores_, there = opened(house), tmp_path / "there"
    recorder = stores_["token"].recorder
    reading, looks = recorder.reading, count(1)

    def behind() -> AbstractContextManager[None]:
        if next(looks) == 1:
            meanwhile(house)
        return reading()

    monkeypatch.setattr(recorder, "reading", behind)
    read(write(stores_.values(), None, Progress()), there)
    assert wrong(there) == []
    assert row_at(open_store(there, "installation"), "installation/site/late@1")
    assert next(looks) == 3


def test_a_house_that_lost_something_before_is_written_as_it_is(
    house: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(store_file(house, "installation"))) as store, store:
        store.execute("DELETE FROM stored_events WHERE rowid>10")
    read(archive(house), tmp_path / "there")
    assert wrong(tmp_path / "there") == wrong(house) != []


def test_a_store_that_is_made_meanwhile_is_not_replaced(data: Path, tmp_path: Path) -> None:
    def lines() -> Iterator[bytes]:
        yield from archive(data)
        store_file(tmp_path, "token").write_text("theirs")

    with pytest.raises(FileExistsError):
        read(lines(), tmp_path)
    assert store_file(tmp_path, "token").read_text() == "theirs"


def test_a_history_that_is_read_has_keys_of_its_own(data: Path, tmp_path: Path) -> None:
    read(archive(data), tmp_path)
    keys = tmp_path / "keys.json"
    assert keys.exists()
    keys.unlink()
    with pytest.raises(KeysGone):
        make_keys(keys, tmp_path)


def test_what_is_no_archive_leaves_nothing(data: Path, tmp_path: Path) -> None:
    lines = archive(data)
    for spoilt, told in (
        ([], "it has no end"),
        (lines[:-1], "it has no end"),
        ([b"{}", *lines[1:]], "line 1 is none of an archive"),
        ([lines[0].replace(b'"format":1', b'"format":2'), *lines[1:]], "another format"),
        ([lines[0], lines[1].replace(b"/guestlist/listing", b"/guestlist/x")], "of no service"),
        ([lines[0], lines[1], lines[1], lines[-1]], "an event or a command twice"),
    ):
        with pytest.raises(NoArchive, match=told):
            read(spoilt, tmp_path)
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(Damaged):
        read([lines[0], lines[1].replace(b"PartnerRegistered", b"PartnerFound")], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_history_is_read_into_no_store_that_is_there(data: Path) -> None:
    with pytest.raises(FileExistsError, match="there is a store"):
        read(archive(data), data)
