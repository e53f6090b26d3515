"""The store: what belongs together is kept together or not at all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from eventsourcing.persistence import IntegrityError, PersistenceError

from services.token.commands import CreateToken
from services.token.domain import AppTokens, Rules
from services.token.events import ListingSeen
from shared.command_log import CommandRow
from shared.errors import BadRequest
from shared.messages import Accepted, Envelope, Meta
from shared.names import Advance, iso
from shared.outbox import RefusalLog
from shared.records import CHAIN_START, digest
from shared.refused import Malformed
from shared.sqlite import SQLiteRecorder, open_sqlite
from shared.store import MAX_STATE, Draft, Store
from shared.subjects import malformed_subject

APP, NOW = "com.example.app", datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
META = Meta(actor="ann", command_id="c", correlation_id="f", causation_id="c", time=NOW)
SEEN = Advance("listing", f"listing/{APP}", 0, 1)
LISTED = ListingSeen(app_key=APP, partner_id="example", status="private", hosting="cloud")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store that is empty yet."""
    return Store("token", open_sqlite(tmp_path / "token.sqlite"))


def other(tmp_path: Path) -> Store:
    """Another process on the same file."""
    return Store("token", open_sqlite(tmp_path / "token.sqlite"))


def drafted(store: Store, note: str | None = None) -> Draft:
    """One more token, not stored yet."""
    tokens = store.load(AppTokens, APP)
    if tokens.listing is None:
        tokens.see_listing(LISTED)
    tokens.create("ann", note, NOW, Rules())
    return store.draft([tokens], META)


def command(command_id: str) -> CommandRow:
    """The row of a command."""
    envelope = Envelope(id=command_id, actor="ann", time=NOW, correlation_id="f")
    outcome = Accepted(command_id=command_id, position=f"token/tokens/{APP}@1")
    return CommandRow.of(CreateToken(app_key=APP), envelope, None, outcome, envelope.time)


def kept(store: Store) -> tuple[int, bool, int]:
    """The end of the log, whether the command `c` is there, and how far the listing was seen."""
    return store.log_end(), "c" in store.decided(["c"]), seen(store)


def seen(store: Store) -> int:
    """How far the listing was seen."""
    return store.seen(SEEN.origin, [SEEN.aggregate]).get(SEEN.aggregate, 0)


def test_events_command_and_tracking_are_stored_together(store: Store) -> None:
    store.commit(drafted(store), commands=[command("c")], seen=[SEEN])
    assert kept(store) == (2, True, 1)


@pytest.mark.parametrize("broken", ["events", "command", "tracking"])
def test_when_one_part_fails_none_is_stored(store: Store, tmp_path: Path, broken: str) -> None:
    other(tmp_path).commit(drafted(other(tmp_path)), commands=[command("used")], seen=[SEEN])
    before = kept(store)
    draft = drafted(store)
    if broken == "events":
        other(tmp_path).commit(drafted(other(tmp_path)))
        before = kept(store)
    row = command("used" if broken == "command" else "c")
    step = SEEN if broken == "tracking" else SEEN._replace(before=1, after=2)
    with pytest.raises(IntegrityError):
        store.commit(draft, commands=[row], seen=[step])
    assert kept(store) == before
    assert not store.load(AppTokens, APP).pending


def test_the_second_of_two_writers_is_refused_and_then_knows_the_first(
    store: Store, tmp_path: Path
) -> None:
    beside = other(tmp_path)
    mine, theirs = drafted(store, "mine"), drafted(beside, "theirs")
    beside.commit(theirs)
    with pytest.raises(IntegrityError):
        store.commit(mine)
    assert store.load(AppTokens, APP).active[1].note == "theirs"
    store.commit(drafted(store, "mine"))
    assert [token.note for token in store.load(AppTokens, APP).active.values()] == [
        "theirs",
        "mine",
    ]


def test_a_copy_is_brought_up_to_date_by_what_others_stored(store: Store, tmp_path: Path) -> None:
    store.commit(drafted(store))
    beside = other(tmp_path)
    beside.commit(drafted(beside))
    assert store.load(AppTokens, APP) == beside.load(AppTokens, APP)


def test_each_row_is_chained_to_the_one_before(store: Store, tmp_path: Path) -> None:
    for writer in (store, store, other(tmp_path), store, store):
        writer.commit(drafted(writer))
    rows = store.recorder.select_events(f"tokens/{APP}")
    prevs = [store.mapper.to_domain_event(row).prev for row in rows]
    assert prevs == [CHAIN_START, *map(digest, rows[:-1])]


def test_an_event_that_is_too_large_to_publish_is_not_stored(store: Store) -> None:
    with pytest.raises(BadRequest, match=str(MAX_STATE)):
        drafted(store, "x" * MAX_STATE)
    store.forget([store.load(AppTokens, APP)])
    assert store.log_end() == 0
    assert store.load(AppTokens, APP).version == 0


def test_a_draft_tells_its_records_with_their_positions(store: Store) -> None:
    draft = drafted(store)
    told = [str(record.position("token")) for record in draft.records]
    assert told == [f"token/tokens/{APP}@1", f"token/tokens/{APP}@2"]


def test_the_log_is_read_in_order_from_any_place(store: Store) -> None:
    for _ in range(3):
        store.commit(drafted(store))
    assert [row.id for row in store.log_after(0, 100)] == [1, 2, 3, 4]
    assert [row.id for row in store.log_after(1, 2)] == [2, 3]
    assert store.log_end() == 4


@pytest.mark.parametrize("before", [0, 2])
def test_tracking_only_goes_on_from_where_it_is(store: Store, before: int) -> None:
    with pytest.raises(IntegrityError):
        store.commit(Draft(), seen=[SEEN._replace(before=1, after=2)])
    store.commit(Draft(), seen=[SEEN])
    with pytest.raises(IntegrityError):
        store.commit(Draft(), seen=[SEEN._replace(before=before, after=3)])
    store.commit(Draft(), seen=[SEEN._replace(before=1, after=5)])
    assert seen(store) == 5


def test_a_log_has_an_id_of_its_own_for_ever(store: Store, tmp_path: Path) -> None:
    assert other(tmp_path).log_id == store.log_id
    assert Store("token", open_sqlite(tmp_path / "new.sqlite")).log_id != store.log_id


def test_a_store_is_read_beside_its_writer_and_not_written(store: Store, tmp_path: Path) -> None:
    store.commit(drafted(store), commands=[command("c")])
    reader = Store("token", open_sqlite(tmp_path / "token.sqlite", read_only=True))
    assert reader.load(AppTokens, APP) == store.load(AppTokens, APP)
    with pytest.raises(PersistenceError):
        reader.commit(drafted(reader))
    store.commit(drafted(store))
    assert reader.load(AppTokens, APP) == store.load(AppTokens, APP)


def test_a_store_is_opened_while_another_process_writes(store: Store, tmp_path: Path) -> None:
    with store.recorder.datastore.transaction(commit=True) as c:  # type: ignore[attr-defined]
        c.execute("INSERT INTO labels VALUES ('a', 'b')")
        assert other(tmp_path).log_id == store.log_id


def test_commits_are_durable(tmp_path: Path) -> None:
    recorder = open_sqlite(tmp_path / "token.sqlite")
    assert isinstance(recorder, SQLiteRecorder)
    with recorder.datastore.transaction(commit=False) as cursor:
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone()[0] == 2


def test_old_commands_are_dropped_but_for_refusals_that_were_not_told_yet(store: Store) -> None:
    late = replace(command("late"), time=iso(NOW + timedelta(days=2)))
    no = BadRequest(reason="no").reply("refused").model_dump_json()
    refused = replace(command("refused"), outcome=no)
    store.commit(Draft(), commands=[command("old"), refused, command("untold"), late])
    assert [row.command_id for _, row in store.refused_after(0, 10)] == ["refused"]
    assert store.prune(NOW + timedelta(days=1), up_to=2) == 2
    assert set(store.decided(["old", "refused", "untold", "late"])) == {"untold", "late"}
    assert store.prune(NOW + timedelta(days=1), up_to=9) == 1
    assert store.prune(NOW + timedelta(days=1), up_to=9) == 0
    assert set(store.decided(["late"])) == {"late"}
    assert store.commands_end() == 4


def test_the_last_command_is_never_dropped(store: Store) -> None:
    store.commit(Draft(), commands=[command("first"), command("last")])
    assert [store.prune(NOW + timedelta(days=1), up_to=9) for _ in range(2)] == [1, 0]
    assert set(store.decided(["first", "last"])) == {"last"}


def test_the_log_of_refusals_tells_how_far_all_were_told(store: Store) -> None:
    log = RefusalLog(store)
    no = BadRequest(reason="no").reply("refused").model_dump_json()
    refused = replace(command("refused"), outcome=no)
    store.commit(Draft(), commands=[command("one"), refused, command("three")])
    (row,) = log.after(0, 10)
    assert (row.place, log.told) == (2, 0)
    assert log.after(row.place, 10) == []
    assert log.told == 3


def test_what_could_not_be_read_is_told_with_the_refusals_before_it(store: Store) -> None:
    log = RefusalLog(store)
    no = BadRequest(reason="no").reply("refused").model_dump_json()
    store.commit(Draft(), commands=[command("one"), replace(command("refused"), outcome=no)])
    for size in (1, 2):
        log.malformed(Malformed.of("cmd.token.Nothing.a.b", BadRequest(reason="no"), size))
    rows = log.after(0, 2)
    assert [row.place for row in rows] == [2, 2]
    subjects = [row.message.subject for row in rows if row.message is not None]
    assert subjects == ["ref.token.CreateToken.com:example:app.ann", malformed_subject("token")]
    assert [row.place for row in log.after(2, 10)] == [2]
    assert log.after(2, 10) == []
