"""Two codes are compared by all that they made, however much seems to differ."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from services.history.replaying import comparing
from services.history.replaying.code import Code
from services.history.replaying.recording import Line

PLACES = [f"token/tokens/com.example.app-{number:02}" for number in range(30)]


class Made:
    """A code that hashes its own way, and makes something else of one aggregate."""

    def __init__(self, name: str, other: str = "") -> None:
        self._name, self._other = name, other

    def replay(self, recording: Path, data: Path, wanted: Sequence[str] = ()) -> Iterator[Line]:
        """What it tells of the recording."""
        del recording, data
        for place in wanted:
            state = {"given": 2 if place == self._other else 1}
            yield {"aggregate": f"{place}@1", "topic": "token.TokenCreated", "state": state}
        for place in () if wanted else PLACES:
            yield {"aggregate": f"{place}@1", "hash": self._name}


@pytest.mark.parametrize("at_once", [1, 7, 500])
def test_what_differs_is_found_behind_all_that_only_hashes_otherwise(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(comparing, "_AT_ONCE", at_once)
    then, now = cast(Code, Made("then")), cast(Code, Made("now", PLACES[-1]))
    compared = comparing.with_code(Path("recording"), Path("data"), then, now)
    assert [row.where for row in compared.differences] == [f"{PLACES[-1]}@1"]
