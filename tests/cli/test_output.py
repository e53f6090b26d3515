"""Whatever the data holds, it is printed on one line and moves no cursor."""

import io
import json
from contextlib import redirect_stdout
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.cli.output import clean, json_line, line
from shared.keys import Keys

HOSTILE = "[red]x[/foo]\x1b[31m\x1b]0;t\x07\r\n\t\0\x7f\x9b2J\u202e\u2028\ufeff\U000e0001é漢"
TOKEN = Keys({"k1": b"k" * 32}).token("com.example.app", 7)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text())
@example(HOSTILE)
def test_cleaned_text_is_printable(text: str) -> None:
    assert clean(text).isprintable()


def test_a_line_shows_what_it_does_not_send(capsys: pytest.CaptureFixture[str]) -> None:
    line(HOSTILE)
    shown = r"\x1b[31m\x1b]0;t\x07\r\n\t\x00\x7f\x9b2J\u202e\u2028\ufeff\U000e0001"
    assert capsys.readouterr().out == f"[red]x[/foo]{shown}é漢\n"


@given(DATA)
@example({HOSTILE: [HOSTILE]})
def test_json_stays_the_same_data_and_is_printable(value: Any) -> None:
    written = io.StringIO()
    with redirect_stdout(written):
        json_line(value)
    shown = written.getvalue().removesuffix("\n")
    assert shown.isprintable()
    assert json.loads(shown) == value


def test_an_unreadable_argument_can_be_told_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    json_line({"detail": "there is no folder \udcff"}, error=True)
    assert capsys.readouterr().err == '{"detail":"there is no folder \\udcff"}\n'


@pytest.mark.parametrize("reveal", [True, False])
def test_json_has_tokens_only_when_they_are_asked_for(
    capsys: pytest.CaptureFixture[str], reveal: bool
) -> None:
    link = f"https://example.com/descriptor?access-token={TOKEN}&x=1"
    json_line({"token": TOKEN, "links": {"private": link}}, reveal=reveal)
    out = capsys.readouterr().out
    assert out.count(TOKEN) == (2 if reveal else 0)
    assert out.count("gl_7_k1***") == (0 if reveal else 2)


def test_a_line_never_has_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    line(f"no {TOKEN}", error=True)
    assert capsys.readouterr().err == "no gl_7_k1***\n"
