"""Our recorders pass the library's own suites, and do the same as each other with our rows."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest import TestCase
from uuid import uuid4

import pytest
from eventsourcing.persistence import ApplicationRecorder, IntegrityError, StoredEvent
from eventsourcing.tests import persistence as suites

from services.token.commands import CreateToken
from shared.command_log import CommandRow
from shared.dead_letters import Letter
from shared.errors import BadRequest
from shared.in_memory import MemoryRecorder
from shared.messages import Accepted, Envelope
from shared.names import Advance
from shared.sqlite import open_sqlite
from shared.store import Recorder

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
LETTER = Letter("token_listing", "l@1", "evt.x", "l", 1, "{}", b"\xff", "no", 5, "2026")


class OnSQLite(TestCase):
    """A new store on SQLite for each test, which has ids of text."""

    def setUp(self) -> None:
        """Make its folder."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self._path = Path(folder.name) / "store.sqlite"

    def create_recorder(self) -> ApplicationRecorder:
        """The recorder of this test."""
        return open_sqlite(self._path)

    def new_originator_id(self) -> str:
        """Our ids are texts."""
        return str(uuid4())


class InMemory(TestCase):
    """A new store in memory for each test."""

    def create_recorder(self) -> ApplicationRecorder:
        """The recorder of this test."""
        return MemoryRecorder()

    def new_originator_id(self) -> str:
        """Our ids are texts."""
        return str(uuid4())


class TestLogOnSQLite(OnSQLite, suites.ApplicationRecorderTestCase[ApplicationRecorder]):
    """The library's suite for logs, with many writers and readers at once."""


class TestOrderOnSQLite(OnSQLite, suites.NonInterleavingNotificationIDsBaseCase):
    """The library's suite for the order of a log."""


class TestLogInMemory(InMemory, suites.ApplicationRecorderTestCase[ApplicationRecorder]):
    """The library's suite for logs, with many writers and readers at once."""


class TestOrderInMemory(InMemory, suites.NonInterleavingNotificationIDsBaseCase):
    """The library's suite for the order of a log."""


@pytest.fixture(params=["sqlite", "memory"])
def recorder(request: pytest.FixtureRequest, tmp_path: Path) -> Recorder:
    """Each of our recorders in turn."""
    return MemoryRecorder() if request.param == "memory" else open_sqlite(tmp_path / "s.sqlite")


def event(id_: str, version: int) -> StoredEvent:
    """Some event."""
    return StoredEvent(id_, version, "x.Y", b"{}")


def command(id_: str, *, refused: bool = False) -> CommandRow:
    """The row of a command."""
    envelope = Envelope(id=id_, actor="ann", time=NOW, correlation_id="f")
    accepted = Accepted(command_id=id_, position="token/tokens/x@1")
    outcome = BadRequest(reason="no").reply(id_) if refused else accepted
    return CommandRow.of(CreateToken(app_key="x"), envelope, None, outcome, envelope.time)


def test_nothing_is_kept_when_one_part_can_not_be(recorder: Recorder) -> None:
    recorder.insert_events(
        [event("a", 1)], commands=[command("c")], seen=[Advance("listing", "l", 0, 2)]
    )
    for wrong in (
        {"stored_events": [event("b", 1), event("a", 1)], "commands": [command("d")]},
        {"stored_events": [event("b", 1)], "commands": [command("d"), command("c")]},
        {"stored_events": [event("b", 1)], "commands": [command("d"), command("d")]},
        {"stored_events": [event("b", 1)], "seen": [Advance("listing", "l", 1, 3)]},
        {
            "stored_events": [event("b", 1)],
            "labels": {"b": frozenset({"z"})},
            "seen": [Advance("listing", "l", 2, 3), Advance("listing", "m", 1, 2)],
        },
    ):
        with pytest.raises(IntegrityError):
            recorder.insert_events(**wrong)
    assert recorder.select_events("b") == []
    assert recorder.select_commands(["d"]) == []
    assert recorder.select_labelled("z") == []
    assert recorder.select_seen("listing", ["l", "m"]) == {"l": 2}
    assert recorder.max_notification_id() == 1


def test_tracking_goes_on_step_by_step(recorder: Recorder) -> None:
    steps = [Advance("listing", "l", 0, 1), Advance("token", "l", 0, 4)]
    recorder.insert_events([], seen=steps)
    recorder.insert_events([], seen=[Advance("listing", "l", 1, 7)])
    assert recorder.select_seen("listing", ["l"]) == {"l": 7}
    assert recorder.select_seen("token", ["l", "x"]) == {"l": 4}


def test_the_newer_events_of_many_aggregates_are_read_at_once(recorder: Recorder) -> None:
    recorder.insert_events([event("b", 1), event("a", 1), event("a", 2), event("c", 1)])
    newer = recorder.select_newer({"b": 0, "a": 1, "x": 0})
    assert [(row.originator_id, row.originator_version) for row in newer] == [("a", 2), ("b", 1)]


def test_labels_are_those_of_the_last_commit(recorder: Recorder) -> None:
    recorder.insert_events([], labels={"a": frozenset({"x", "y"}), "b": frozenset({"x"})})
    recorder.insert_events([], labels={"a": frozenset({"y"})})
    assert (recorder.select_labelled("x"), recorder.select_labelled("y")) == (["b"], ["a"])


def test_refusals_and_pruning(recorder: Recorder) -> None:
    rows = [command("a"), command("b", refused=True), command("c"), command("d", refused=True)]
    recorder.insert_events([], commands=rows)
    assert [(place, row.command_id) for place, row in recorder.select_refused(0, 9)] == [
        (2, "b"),
        (4, "d"),
    ]
    assert [place for place, _ in recorder.select_refused(2, 9)] == [4]
    assert [place for place, _ in recorder.select_refused(0, 1)] == [2]
    assert recorder.prune_commands("2027", 3, 2) == 2
    assert recorder.prune_commands("2027", 3, 2) == 1
    assert recorder.prune_commands("2020", 9, 9) == 0
    assert [row.command_id for row in recorder.select_commands(["a", "b", "c", "d"])] == ["d"]
    assert recorder.max_command_number() == 4
    recorder.insert_events([], commands=[command("a")])
    assert recorder.max_command_number() == 5


def test_dead_letters_are_kept_once_and_in_order(recorder: Recorder) -> None:
    second = replace(LETTER, message_id="l@2", version=2)
    assert not recorder.insert_letter(second, behind=True)
    assert recorder.insert_letter(LETTER, behind=False)
    assert recorder.insert_letter(LETTER, behind=False)
    assert recorder.insert_letter(second, behind=True)
    unreadable = replace(LETTER, message_id="u", aggregate=None, version=None)
    assert recorder.insert_letter(unreadable, behind=False)
    assert [row.message_id for row in recorder.select_letters()] == ["u", "l@1", "l@2"]
    assert recorder.select_blocked("token_listing", ["l", "m"]) == {"l"}
    assert recorder.select_blocked("other", ["l"]) == set()
    _, first, _ = recorder.select_letters()
    assert replace(first, number=0) == LETTER
    recorder.update_letter(first.number, "still no")
    assert (recorder.select_letters()[1].reason, recorder.select_letters()[1].attempts) == (
        "still no",
        6,
    )
    recorder.settle_letter(first.number, "discarded", "operator", "2026")
    assert recorder.count_letters() == 2
    assert recorder.insert_letter(LETTER, behind=False)
    assert recorder.count_letters() == 2


def test_a_log_has_an_id_of_its_own(recorder: Recorder) -> None:
    recorder.check_writable()
    assert recorder.select_log_id() == recorder.select_log_id() != MemoryRecorder().select_log_id()
