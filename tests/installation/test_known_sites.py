"""The sites of an app are told once it is known what happened before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.installation.domain import Site
from services.installation.known_sites import KnownSites
from shared.errors import Unavailable
from shared.messages import Meta
from shared.names import Position
from shared.pipeline import Pipeline
from shared.sqlite import open_sqlite
from shared.store import Store
from shared.testing import NOW
from tests.installation.examples import APP, INSTALLED, REGISTERED, SITE, requested

META = Meta(actor="bob", command_id="c", correlation_id="c", causation_id="c", time=NOW)
PUBLISHED = Position("listing", f"listing/{APP}", 3)


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """A service with a site on which the app is, that follows the listing and waits a moment."""
    monkeypatch.setattr("shared.horizon.PATIENCE", 0.2)
    store = Store("installation", open_sqlite(tmp_path / "installation.sqlite"))
    site = store.load(Site, SITE)
    for event in (REGISTERED, requested(), INSTALLED):
        site.record(event)
    store.commit(store.draft([site], META))
    made = Pipeline(store, {})
    made.horizon.follow("listing")
    yield made
    made.close()


async def test_before_it_handled_what_happened_none_is_told(pipeline: Pipeline) -> None:
    with pytest.raises(Unavailable):
        await KnownSites(pipeline).of(APP, PUBLISHED)


async def test_then_all_are_told(pipeline: Pipeline) -> None:
    pipeline.horizon.see([PUBLISHED])
    assert await KnownSites(pipeline).of(APP, PUBLISHED) == [SITE]
    assert await KnownSites(pipeline).of("com.example.other", PUBLISHED) == []
