"""A request that comes after something waits for it, and asks the store only if it must."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from services.listing.queries import Partner
from services.listing.views import Views
from shared.handlers import routes
from shared.messages import Answer, Envelope, Reply
from shared.names import Position
from shared.pipeline import Pipeline
from shared.requests import Asked
from shared.sqlite import open_sqlite
from shared.store import Store
from shared.testing import NOW


class Asking(Store):
    """Counts how often it is asked what was handled."""

    asked = 0

    def seen(self, origin: str, aggregates: Sequence[str]) -> Mapping[str, int]:
        """Ask the store, and count."""
        self.asked += 1
        return super().seen(origin, aggregates)


@pytest.fixture
def store(tmp_path: Path) -> Asking:
    """The store of a service that follows another one."""
    return Asking("listing", open_sqlite(tmp_path / "listing.sqlite"))


@pytest.fixture
def pipeline(store: Asking, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """Its pipeline, which waits a moment only."""
    monkeypatch.setattr("shared.pipeline.PATIENCE", 0.1)
    made = Pipeline(store, routes(Views("https://example.com", ())))
    made.followed.add("token")
    yield made
    made.close()


def ask(pipeline: Pipeline, after: str) -> Reply | Answer:
    """The answer to a question about a partner whom nobody knows."""
    envelope = Envelope(id="q", actor="ann", time=NOW, correlation_id="q", after=(after,))
    return asyncio.run(pipeline.answer(Asked(Partner(partner_id="p"), envelope)))


def test_what_an_inbox_handled_is_known_without_the_store(
    pipeline: Pipeline, store: Asking
) -> None:
    pipeline.see(Position("token", "tokens/app", 3))
    pipeline.see(Position("token", "tokens/app", 2))  # it came again
    assert getattr(ask(pipeline, "token/tokens/app@3"), "code", "") == "unknown-partner"
    assert store.asked == 0


@pytest.mark.parametrize("after", ["token/tokens/app@4", "token/tokens/other@1"])
def test_what_none_handled_is_waited_for(pipeline: Pipeline, store: Asking, after: str) -> None:
    pipeline.see(Position("token", "tokens/app", 3))
    assert getattr(ask(pipeline, after), "code", "") == "not-yet"
    assert store.asked > 1


def test_so_much_is_remembered_and_what_was_handled_first_is_forgotten(
    pipeline: Pipeline, store: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.pipeline._REMEMBERED", 2)
    for name in ("a", "b", "a", "c"):
        pipeline.see(Position("token", name, 1))
    assert getattr(ask(pipeline, "token/a@1"), "code", "") == "unknown-partner"
    assert store.asked == 0
    assert getattr(ask(pipeline, "token/b@1"), "code", "") == "not-yet"
