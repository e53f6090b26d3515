"""Commands that arrive together are decided as one after the other, and stored in one commit."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import PersistenceError

from services.token.commands import CreateToken, RemoveToken, SetTokenNote
from services.token.domain import LIMIT, AppTokens, Partner, Rules
from services.token.events import ListingSeen
from services.token.handlers import Handlers
from shared import clock
from shared.deciding import Case, Decider, Now
from shared.errors import CommandIdReused, DeadlinePassed
from shared.handlers import Context, routes
from shared.keys import Keys
from shared.messages import Accepted, Command, Envelope, Meta, Refused
from shared.names import iso
from shared.pipeline import Pipeline
from shared.records import CHAIN_START, digest
from shared.requests import Asked
from shared.sqlite import open_sqlite
from shared.store import Draft, Store

APP, OTHER = "com.example.app", "com.example.other"
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
META = Meta(actor="guestlist", command_id=None, correlation_id="f", causation_id="c", time=NOW)
KEYS = Keys({"k1": bytes(range(32))})


class Broken(Handlers):
    """Handlers of which one breaks after it has recorded something."""

    def set_token_note(self, command: SetTokenNote, tokens: AppTokens, context: Context) -> None:
        """Break."""
        super().set_token_note(command, tokens, context)
        raise RuntimeError("broken")


class Counted(Store):
    """A store that counts its commits; another writer may be first once."""

    commits = 0
    rival: Store | None = None

    def commit(self, draft: Draft, **given: Any) -> None:
        """Count, and let the rival go first."""
        self.commits += 1
        if self.rival is not None:
            rival, self.rival = self.rival, None
            decider(rival).alone(create("rival"))
        super().commit(draft, **given)


def opened(folder: Path, kind: type[Store] = Store, **options: bool) -> Any:
    """The store in a folder."""
    return kind("token", open_sqlite(folder / "token.sqlite", **options))


@pytest.fixture
def store(tmp_path: Path) -> Counted:
    """The store of a token service."""
    made: Counted = opened(tmp_path, Counted)
    know_apps(made)
    made.commits = 0
    return made


def know_apps(store: Store) -> None:
    """Let the service know two apps of the partner whose member is ann."""
    partner = store.load(Partner, "example")
    partner.see(frozenset({"ann"}))
    apps = [store.load(AppTokens, app_key) for app_key in (APP, OTHER)]
    for app in apps:
        app.see_listing(
            ListingSeen(app_key=app.key, partner_id="example", status="private", hosting="cloud")
        )
    store.commit(store.draft([partner, *apps], META))


def decider(store: Store, handlers: type[Handlers] = Handlers, *, now: Now = clock.now) -> Decider:
    """Decides on that store."""
    table = routes(handlers(KEYS, "https://market.example.com", Rules()))
    return Decider(store, table, lambda _, text: text, now)


def case(command: Command, id_: str, deadline: datetime | None = None) -> Case:
    """A command of ann's."""
    envelope = Envelope(id=id_, actor="ann", time=NOW, correlation_id=id_, deadline=deadline)
    return Case(command, envelope)


def create(id_: str, note: str | None = None) -> Case:
    """One more token."""
    return case(CreateToken(app_key=APP, note=note), id_)


def told(decisions: Sequence[object]) -> list[Any]:
    """The numbers of the tokens that were made, and codes of refusals."""
    return [
        row.result.get("token_id") if isinstance(row, Accepted) else getattr(row, "code", row)
        for row in decisions
    ]


def assert_chained(store: Store) -> None:
    """Each stored row names the one before it, and replay gives the copy that is kept."""
    rows = store.recorder.select_events(f"tokens/{APP}")
    prevs = [store.mapper.to_domain_event(row).prev for row in rows]
    assert prevs == [CHAIN_START, *map(digest, rows[:-1])]
    fresh = Store("token", store.recorder)
    assert fresh.load(AppTokens, APP) == store.load(AppTokens, APP)


def test_what_is_decided_together_is_what_would_be_decided_one_by_one(
    store: Counted, tmp_path: Path
) -> None:
    cases = [create(f"c{number}") for number in range(60)]
    together = decider(store).together(cases)
    assert told(together) == [*range(1, LIMIT + 1), *["token-limit-reached"] * 10]
    assert store.commits == 1
    assert_chained(store)
    (tmp_path / "apart").mkdir()
    apart: Store = opened(tmp_path / "apart")
    know_apps(apart)
    assert [decider(apart).alone(row) for row in cases] == together
    kept = [row.outcome for row in store.decided([f"c{number}" for number in range(60)]).values()]
    assert len(kept) == 60
    assert all(KEYS.token(APP, 1) not in outcome for outcome in kept)


def test_what_waited_happens_when_it_is_decided(store: Counted) -> None:
    """So in one history no later event has an earlier time."""
    later = NOW + timedelta(seconds=2)
    decides = decider(store, now=lambda: later)
    decides.together([create("c1"), create("c2")])
    decides.alone(create("c3"))
    rows = store.recorder.select_events(f"tokens/{APP}")[1:]
    assert [store.mapper.to_domain_event(row).meta.time for row in rows] == [later] * 3
    assert {row.time for row in store.decided(["c1", "c2", "c3"]).values()} == {iso(later)}


def test_an_id_that_comes_twice_is_decided_once(store: Counted) -> None:
    other = case(CreateToken(app_key=APP, note="other"), "c1")
    first, again, reused = decider(store).together([create("c1"), create("c1"), other])
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert (first.repeated, again.repeated, again.events) == (False, True, first.events)
    assert isinstance(reused, CommandIdReused)
    assert store.load(AppTokens, APP).given == 1
    assert store.commits == 1


def test_what_is_late_is_not_decided_and_keeps_no_row(store: Counted) -> None:
    late = case(CreateToken(app_key=APP), "late", deadline=NOW.replace(year=2000))
    made, passed = decider(store).together([create("c1"), late])
    assert isinstance(made, Accepted)
    assert isinstance(passed, DeadlinePassed)
    assert set(store.decided(["c1", "late"])) == {"c1"}


def test_when_another_writer_was_first_each_is_decided_anew(store: Counted, tmp_path: Path) -> None:
    store.rival = opened(tmp_path)
    decisions = decider(store).together([create("c1"), create("c2")])
    assert told(decisions) == [2, 3]
    assert store.commits == 3
    assert_chained(store)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_that_breaks_leaves_nothing_and_harms_no_other(store: Counted, place: int) -> None:
    decider(store).together([create("c0")])
    broken = case(SetTokenNote(app_key=APP, token_id=1, note="broken"), "broken")
    cases = [create("c1"), create("c2")]
    cases.insert(place, broken)
    decisions = decider(store, Broken).together(cases)
    assert isinstance(decisions.pop(place), RuntimeError)
    assert told(decisions) == [2, 3]
    assert store.load(AppTokens, APP).active[1].note is None
    assert set(store.decided(["c1", "c2", "broken"])) == {"c1", "c2"}
    assert_chained(store)


def test_one_that_is_too_large_is_refused_and_harms_no_other(
    store: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.MAX_STATE", 1000)
    large = large_case()
    first, refused, second = decider(store).together([create("c1"), large, create("c2")])
    assert told([first, second]) == [1, 2]
    assert isinstance(refused, Refused)
    assert refused.code == "bad-request"
    assert set(store.decided(["c1", "large", "c2"])) == {"c1", "large", "c2"}
    assert_chained(store)


def test_no_refusal_is_decided_without_what_was_decided_before(
    store: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    decider(store).together([create(f"c{number}") for number in range(LIMIT)])
    note = case(SetTokenNote(app_key=APP, token_id=2, note="x" * 200), "note")
    remove = case(RemoveToken(app_key=APP, token_id=1), "remove")
    monkeypatch.setattr("shared.store.MAX_STATE", 450)
    decisions = decider(store).together([remove, note, create("room")])
    assert told(decisions) == [None, "bad-request", LIMIT + 1]
    assert_chained(store)


def test_one_that_breaks_leaves_nothing_of_other_apps_either(store: Counted) -> None:
    other = case(CreateToken(app_key=OTHER), "other")
    decider(store).together([other])
    broken = case(SetTokenNote(app_key=OTHER, token_id=1, note="broken"), "broken")
    first, failed, second = decider(store, Broken).together([create("c1"), broken, create("c2")])
    assert isinstance(failed, RuntimeError)
    assert told([first, second]) == [1, 2]
    assert_chained(store)


def large_case() -> Case:
    """One more token with a note that no event can hold here."""
    command = CreateToken.model_construct(app_key=APP, note="x" * 1000)
    return Case(command, create("large").envelope)


def test_what_can_not_be_stored_is_told_and_forgotten(store: Counted, tmp_path: Path) -> None:
    decider(store).together([create("c0"), create("c1")])
    reader: Store = opened(tmp_path, read_only=True)
    for cases in ([create("c2"), create("c3")], [create("c2")]):
        with pytest.raises(PersistenceError):
            decider(reader).together(cases)
    assert reader.load(AppTokens, APP) == store.load(AppTokens, APP)


async def test_what_arrives_while_others_are_stored_is_stored_in_one_commit(
    store: Counted,
) -> None:
    pipeline = Pipeline(store, routes(Handlers(KEYS, "https://market.example.com", Rules())))
    asked = [create(f"c{number}") for number in range(40)]
    replies = await asyncio.gather(
        *(pipeline.answer(Asked(row.command, row.envelope)) for row in asked)
    )
    assert sorted(told(replies)) == list(range(1, 41))
    assert store.commits <= 2
    pipeline.close()
