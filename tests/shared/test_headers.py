"""Attributes of any text travel in headers of plain ASCII and come back the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import headers


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.text()))
def test_what_is_encoded_is_decoded_the_same(attributes: dict[str, str]) -> None:
    assert headers.decode(headers.encode(attributes)) == attributes


@settings(deadline=None)
@given(st.text())
def test_a_header_holds_only_characters_that_can_be_seen(value: str) -> None:
    encoded = headers.encode({"ce-id": value})["ce-id"]
    assert all("!" <= character <= "~" and character != '"' for character in encoded)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("com.example/app@7,com.example/b@8", "com.example/app@7,com.example/b@8"),
        ("2026-11-25T09:30:00.000000Z", "2026-11-25T09:30:00.000000Z"),
        ("Euro \u20ac \U0001f600", "Euro%20%E2%82%AC%20%F0%9F%98%80"),
        ('100% "sure"', "100%25%20%22sure%22"),
        ("a\r\nce-id: b", "a%0D%0Ace-id:%20b"),
    ],
)
def test_a_value_is_percent_encoded_where_it_has_to_be(value: str, encoded: str) -> None:
    assert headers.encode({"name": value}) == {"name": encoded}


@pytest.mark.parametrize(
    ("header", "value"),
    [("%41%42", "AB"), ("%c3%A9", "\u00e9"), ("a+b", "a+b"), ("%zz%", "%zz%"), ("%ff", "\ufffd")],
)
def test_headers_of_others_are_decoded_as_well_as_can_be(header: str, value: str) -> None:
    assert headers.decode({"name": header}) == {"name": value}


def test_a_message_without_headers_has_no_attributes() -> None:
    assert headers.decode(None) == {}
