"""New code could not read old events: it reads every version of each that was ever stored."""

import pytest

from services import contract
from services.history.kinds import begin
from shared.messages import Event
from shared.records import RecordMapper
from tests.history.writing import STORED, Kept, kept, written

contract.load("events")
TOPICS = sorted(topic for topic in Event.TABLE if not topic.startswith("test."))
VERSIONS = [row for topic in TOPICS for row in kept(topic)]


def test_each_event_that_may_be_stored_is_kept_and_no_other() -> None:
    assert sorted(file.stem for file in STORED.iterdir()) == TOPICS


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: str(version.row.topic))
def test_what_was_stored_is_read_as_it_was_meant(version: Kept) -> None:
    event = RecordMapper().to_event(version.row)
    assert version.fields.items() <= event.model_dump(mode="json").items()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: str(version.row.topic))
def test_what_was_stored_happens_again_to_its_aggregate(version: Kept) -> None:
    aggregate = begin(version.place.service, version.place.aggregate)
    aggregate.replay(RecordMapper().to_event(version.row))
    assert aggregate.version == 1


@pytest.mark.parametrize("topic", TOPICS)
def test_the_newest_version_is_how_it_is_stored_today(topic: str) -> None:
    assert written(kept(topic)[-1].row) == kept(topic)[-1].row.state, (
        "it is stored otherwise now: python -m tests.history.writing, and see docs/events.md"
    )
