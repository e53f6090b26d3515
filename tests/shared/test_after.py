"""A request that comes after something waits for it, and asks the store only if it must."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest
from eventsourcing.persistence import OperationalError

from services.listing.queries import Partner
from services.listing.views import Views
from shared.handlers import routes
from shared.messages import Envelope
from shared.names import Advance, Position
from shared.pipeline import Pipeline
from shared.requests import Asked
from shared.sqlite import open_sqlite
from shared.store import Draft, Store
from shared.testing import NOW


class Asking(Store):
    """Counts how often it is asked what was handled."""

    asked = 0
    fails = False

    def seen(self, origin: str, aggregates: Sequence[str]) -> Mapping[str, int]:
        """Ask the store, and count."""
        self.asked += 1
        if self.fails:
            raise OperationalError
        return super().seen(origin, aggregates)


@pytest.fixture
def store(tmp_path: Path) -> Asking:
    """The store of a service that follows another one."""
    return Asking("listing", open_sqlite(tmp_path / "listing.sqlite"))


@pytest.fixture
def pipeline(store: Asking, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """Its pipeline, which waits a moment only."""
    monkeypatch.setattr("shared.horizon.PATIENCE", 0.2)
    made = Pipeline(store, routes(Views("https://example.com", ())))
    made.horizon.follow("token")
    yield made
    made.close()


async def asked(pipeline: Pipeline, *after: str) -> str:
    """The code that answers a question about a partner whom nobody knows."""
    envelope = Envelope(id="q", actor="ann", time=NOW, correlation_id="q", after=after)
    answer = await pipeline.answer(Asked(Partner(partner_id="p"), envelope))
    return getattr(answer, "code", "")


def ask(pipeline: Pipeline, *after: str) -> str:
    """The same, where nothing else happens meanwhile."""
    return asyncio.run(asked(pipeline, *after))


def test_what_an_inbox_handled_is_known_without_the_store(
    pipeline: Pipeline, store: Asking
) -> None:
    pipeline.horizon.see([Position("token", "tokens/app", 3)])
    pipeline.horizon.see([Position("token", "tokens/app", 2)])  # it came again
    assert ask(pipeline, "token/tokens/app@3") == "unknown-partner"
    assert store.asked == 0


@pytest.mark.parametrize("after", ["token/tokens/app@4", "token/tokens/other@1"])
def test_what_none_handled_is_waited_for(pipeline: Pipeline, store: Asking, after: str) -> None:
    pipeline.horizon.see([Position("token", "tokens/app", 3)])
    assert ask(pipeline, after) == "not-yet"
    assert store.asked > 1


async def test_however_many_wait_the_store_is_asked_once_for_all(
    pipeline: Pipeline, store: Asking
) -> None:
    many = [asked(pipeline, f"token/tokens/app-{number % 7}@1") for number in range(500)]
    assert set(await asyncio.gather(*many)) == {"not-yet"}
    assert 2 <= store.asked <= 20


async def test_what_another_instance_handled_is_found_in_the_store(
    pipeline: Pipeline, store: Asking
) -> None:
    first, second = (
        asyncio.create_task(asked(pipeline, f"token/tokens/app@{version}")) for version in (1, 2)
    )
    await asyncio.sleep(0.05)
    step = Advance("token", "tokens/app", 0, 1)
    await pipeline.on_thread(partial(store.commit, Draft(), seen=[step]))
    assert (await first, await second) == ("unknown-partner", "not-yet")


async def test_what_the_inbox_handles_lets_those_go_on_who_wait_for_all_of_it(
    pipeline: Pipeline,
) -> None:
    both = asyncio.create_task(asked(pipeline, "token/tokens/a@1", "token/tokens/b@1"))
    one = asyncio.create_task(asked(pipeline, "token/tokens/a@1"))
    await asyncio.sleep(0.05)
    pipeline.horizon.see([Position("token", "tokens/a", 1)])
    assert await one == "unknown-partner"
    assert not both.done()
    pipeline.horizon.see([Position("token", "tokens/b", 1)])
    assert await both == "unknown-partner"


async def test_what_is_not_followed_is_not_waited_for(pipeline: Pipeline, store: Asking) -> None:
    assert await asked(pipeline, "listing/listing/app@9") == "unknown-partner"
    assert store.asked == 0


async def test_while_the_store_fails_nobody_waits(pipeline: Pipeline, store: Asking) -> None:
    store.fails = True
    waiting = [asked(pipeline, "token/tokens/app@1") for _ in range(3)]
    assert await asyncio.gather(*waiting) == ["unavailable"] * 3
    store.fails = False
    assert await asked(pipeline, "token/tokens/app@1") == "not-yet"


def test_so_much_is_remembered_and_what_was_handled_first_is_forgotten(
    pipeline: Pipeline, store: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.horizon._REMEMBERED", 2)
    pipeline.horizon.see(Position("token", name, 1) for name in ("a", "b", "a", "c"))
    assert ask(pipeline, "token/a@1") == "unknown-partner"
    assert store.asked == 0
    assert ask(pipeline, "token/b@1") == "not-yet"
