"""Processes that write to one store take turns, so that none decides in vain."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from shared import turns
from shared.store import Draft, Store
from tests.shared.test_deciding import create, decider, know_apps, opened, told

FOR_EVER = 60.0
"""Seconds that no test takes."""


class Met(Store):
    """A store on which something happens right before each commit."""

    commits = 0
    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def commit(self, draft: Draft, **given: Any) -> None:
        """Count, and let it happen."""
        self.commits += 1
        self.meanwhile()
        super().commit(draft, **given)


def test_who_decides_meanwhile_waits_and_decides_on_what_was_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_PATIENCE", FOR_EVER)
    store, rival = opened(tmp_path, Met), opened(tmp_path, Met)
    know_apps(store)
    store.commits, replies = 0, []
    other = Thread(target=lambda: replies.append(decider(rival).together([create("second")])))

    def meanwhile() -> None:
        other.start()
        other.join(0.3)

    store.meanwhile = meanwhile
    first = decider(store).together([create("first")])
    other.join()
    assert (told(first), told(*replies)) == ([1], [2])
    assert (store.commits, rival.commits) == (1, 1)


def test_a_turn_that_does_not_come_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rival = opened(tmp_path), opened(tmp_path)
    know_apps(store)
    monkeypatch.setattr(turns, "_PATIENCE", 0.05)
    with rival.turn():
        assert told(decider(store).together([create("first"), create("second")])) == [1, 2]


def test_who_reads_beside_a_service_leaves_no_file(tmp_path: Path) -> None:
    opened(tmp_path)
    reading = opened(tmp_path, read_only=True)
    with reading.turn():
        assert not (tmp_path / "token.sqlite-turn").exists()
