"""Names are what their patterns allow, and positions are read as they are written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.names import (
    AccountId,
    AppKey,
    Position,
    PositionText,
    fold,
    is_app_key,
    is_id,
    iso,
)

POSITIONS = st.builds(
    Position,
    st.from_regex(r"[a-z]+", fullmatch=True),
    st.from_regex(r"[-._/a-z0-9]+", fullmatch=True),
    st.integers(0, 10**15 - 1),
)
NO_NAME = ["", " ", "a b", "a\n", "\na", "a\x00", "*", ">", "a*", "caf\u00e9", "\u0661", "\u212a"]


@settings(deadline=None)
@given(POSITIONS)
def test_a_position_is_read_as_it_is_written(position: Position) -> None:
    assert Position.parse(str(position)) == position


def test_a_position_is_written_service_aggregate_version() -> None:
    assert str(Position("token", "com.example.app", 7)) == "token/com.example.app@7"


@pytest.mark.parametrize(
    "text",
    [
        *("", "token", "token/app", "token/app@", "token@7", "/app@7", "token/@7", "token/app@7@"),
        *("Token/app@7", "token/App@7", "to-ken/app@7", "token/a:b@7", "token/a b@7", "token/*@7"),
        *("token/app@-1", "token/app@1.0", "token/app@\u0661", "token/app@" + "9" * 16),
        *("token/app@7\n", " token/app@7", "token/app@7,token/app@8"),
    ],
)
def test_another_text_is_no_position(text: str) -> None:
    with pytest.raises(ValueError, match="a position is written"):
        Position.parse(text)
    with pytest.raises(ValidationError):
        TypeAdapter(PositionText).validate_python(text)


@pytest.mark.parametrize("text", ["a", "7", "a-", "site-7", "a" * 63])
def test_an_id_is_lower_case_letters_digits_and_hyphens(text: str) -> None:
    assert is_id(text)
    assert TypeAdapter(AccountId).validate_python(text) == text


@pytest.mark.parametrize("text", [*NO_NAME, "A", "siteA", "-a", "a.b", "a_b", "a/b", "a" * 64])
def test_another_text_is_no_id(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(ValidationError):
        TypeAdapter(AccountId).validate_python(text)


@pytest.mark.parametrize("text", ["a", "7", "A.b-C_d", "...a", "a.", "a" * 64, "-_." * 21 + "a"])
def test_an_app_key_has_a_letter_or_digit_among_up_to_64_characters(text: str) -> None:
    assert is_app_key(text)
    assert TypeAdapter(AppKey).validate_python(text) == text


@pytest.mark.parametrize("text", [*NO_NAME, ".", "-._", "a/b", "a:b", "a@b", "a" * 65])
def test_another_text_is_no_app_key(text: str) -> None:
    assert not is_app_key(text)
    with pytest.raises(ValidationError):
        TypeAdapter(AppKey).validate_python(text)


def test_app_keys_that_differ_only_in_case_are_one() -> None:
    assert fold("Com.Example.APP") == fold("com.example.app") == "com.example.app"


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_written_so_that_it_can_be_read_and_sorted(time: datetime) -> None:
    assert datetime.fromisoformat(iso(time)) == time
    assert len(iso(time)) == len("2026-11-25T09:30:00.000000Z")
