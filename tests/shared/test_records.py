"""The stored format is final: rows that were written once are read for ever."""

from datetime import UTC, datetime

import pytest
from eventsourcing.persistence import StoredEvent
from pydantic import ValidationError

from services.token.events import TokenCreated
from shared.messages import Meta
from shared.records import CHAIN_START, Record, RecordMapper, UnknownTopic, digest

TIME = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
EVENT = TokenCreated(app_key="com.example.app", token_id=7, maker="ann", created_at=TIME)
META = Meta(actor="ann", command_id="c-7", correlation_id="f", causation_id="c-7", time=TIME)
RECORD = Record("tokens/com.example.app", 9, EVENT, META, "ab" * 32)
STATE = (
    b'{"event":{"app_key":"com.example.app","token_id":7,"note":null,"maker":"ann",'
    b'"created_at":"2026-11-25T09:30:00Z"},'
    b'"meta":{"actor":"ann","command_id":"c-7","correlation_id":"f","causation_id":"c-7",'
    b'"time":"2026-11-25T09:30:00Z"},'
    b'"prev":"' + b"ab" * 32 + b'"}'
)
ROW = StoredEvent("tokens/com.example.app", 9, "token.TokenCreated", STATE)
MAPPER = RecordMapper()


def test_a_record_is_stored_in_its_final_form() -> None:
    assert MAPPER.to_stored_event(RECORD) == ROW


def test_a_row_is_read_as_the_record_that_it_was() -> None:
    assert MAPPER.to_domain_event(ROW) == RECORD


def test_fields_that_came_later_are_read_over() -> None:
    later = STATE.replace(b'"note"', b'"since":"2027","note"').replace(b'"actor"', b'"x":1,"actor"')
    assert MAPPER.to_domain_event(StoredEvent(*_place(), ROW.topic, later)) == RECORD


def test_a_row_of_before_a_field_is_read_without_it() -> None:
    before = STATE.replace(b'"note":null,', b"")
    assert MAPPER.to_domain_event(StoredEvent(*_place(), ROW.topic, before)) == RECORD


def test_an_unknown_topic_is_not_read() -> None:
    with pytest.raises(UnknownTopic, match=r"os\.system"):
        MAPPER.to_domain_event(StoredEvent(*_place(), "os.system", STATE))


@pytest.mark.parametrize(
    "state",
    [
        b"",
        STATE[:-1],
        b"{}",
        STATE.replace(b'"token_id":7', b'"token_id":"x"'),
        STATE.replace(b'"actor":"ann"', b'"actor":"Ann!"'),
        STATE.replace(b'"prev"', b'"previous"'),
    ],
)
def test_a_damaged_row_is_not_read(state: bytes) -> None:
    with pytest.raises((ValidationError, ValueError, KeyError)):
        MAPPER.to_domain_event(StoredEvent(*_place(), ROW.topic, state))


def test_the_digest_of_a_row_never_changes() -> None:
    assert digest(ROW) == "8e346397464bc6df56a5594f7e14aa728f7895124e6e1f123fb3c891427a4e86"
    assert CHAIN_START == ""


@pytest.mark.parametrize(
    "changed",
    [
        StoredEvent("tokens/com.example.other", 9, ROW.topic, STATE),
        StoredEvent(ROW.originator_id, 8, ROW.topic, STATE),
        StoredEvent(ROW.originator_id, 9, "token.TokenRemoved", STATE),
        StoredEvent(ROW.originator_id, 9, ROW.topic, STATE + b" "),
        StoredEvent(ROW.originator_id, 9, ROW.topic, STATE.replace(b"ann", b"bob")),
    ],
)
def test_the_digest_tells_every_change(changed: StoredEvent) -> None:
    assert digest(changed) != digest(ROW)


def _place() -> tuple[str, int]:
    return "tokens/com.example.app", 9
