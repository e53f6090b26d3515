"""Long work says how far it is, and what is short says nothing."""

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from services.cli.main import run
from services.history.progress import Progress
from tests.bench.histories import fill
from tests.bench.load import APP

TOKENS = f"token/tokens/{APP}"


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A clock that goes on by a second whenever it is looked at."""
    ticks = count()
    monkeypatch.setattr("time.monotonic", lambda: next(ticks))
    return ticks


def test_long_work_says_how_far_it_is_and_leaves_nothing(seconds: Iterator[int]) -> None:
    said: list[str] = []
    assert list(Progress(said.append).of(range(2500), 2500, "events")) == list(range(2500))
    assert said == ["events: 1,000 of 2,500", "events: 2,000 of 2,500", ""]
    assert next(seconds) > 0


def test_short_work_says_nothing() -> None:
    said: list[str] = []
    assert list(Progress(said.append).of(range(2500), 2500, "events")) == list(range(2500))
    assert said == []


def test_what_is_read_without_its_end_in_sight_is_counted(seconds: Iterator[int]) -> None:
    said: list[str] = []
    assert list(Progress(said.append).of(range(1500), None, "events")) == list(range(1500))
    assert said == ["events: 1,000", ""]
    assert next(seconds) > 0


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stores of a house with six thousand events, half of them of one app."""
    folder: Path = tmp_path_factory.mktemp("large")
    fill(folder, 6_000, longest=3_000)
    return folder


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["verify"], "effects in token: 1,000 of 4,500"),
        (["history", TOKENS], f"events of tokens/{APP}: 2,000"),
        (["history", TOKENS, "--as-of", "2500"], f"events of tokens/{APP}: 2,000"),
        (["history", "--correlation", "t-7"], "events of token: 1,000 of 4,500"),
    ],
)
def test_what_takes_long_says_so_on_the_terminal_behind_stderr(
    large: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: list[str],
    told: str,
) -> None:
    monkeypatch.setattr("services.history.progress._EVERY", 0)
    for terminal in (True, False):
        monkeypatch.setattr(sys.stderr, "isatty", lambda terminal=terminal: terminal)
        assert run([*typed, "-o", "none", "--data", str(large)]) == 0
        said = capsys.readouterr().err
        assert (told in said, bool(said)) == (terminal, terminal), said
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    if typed == ["history", TOKENS]:
        assert run([*typed, "-o", "none", "--data", str(large)]) == 0
        assert capsys.readouterr().err == ""
