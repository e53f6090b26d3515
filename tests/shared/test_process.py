"""A step is given up on when it failed so often, not when it waited."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from nats.aio.msg import Msg

from services.installation.events import AppEnabled
from shared.dead_letters import ATTEMPTS
from shared.errors import Unavailable
from shared.headers import encode
from shared.pipeline import Pipeline
from shared.process import Process
from shared.published import Published
from shared.sqlite import open_sqlite
from shared.store import Store
from tests.installation.examples import APP, SITE
from tests.installation.steps import published


class Failing:
    """Steps of which each fails as it is told."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []

    async def step(self, published: Published) -> None:
        """Fail as the next one does; then go well."""
        del published
        if self.errors:
            raise self.errors.pop(0)

    async def give_up(self, published: Published) -> None:
        """Nothing waits."""


class Given:
    """A message that is given again and again, as a server does."""

    def __init__(self, event: Published) -> None:
        self.answers: list[str] = []
        self._times = 0
        self._event = event

    @property
    def next(self) -> Msg:
        """It, given once more."""
        self._times += 1
        place = SimpleNamespace(stream=7, consumer=self._times)
        message = SimpleNamespace(
            subject="evt.x",
            headers=encode(self._event.attributes()),
            data=self._event.body,
            metadata=SimpleNamespace(num_delivered=self._times, sequence=place),
            ack=self._ack,
            nak=self._nak,
        )
        return cast(Msg, message)

    async def _ack(self) -> None:
        self.answers.append("ack")

    async def _nak(self, delay: float) -> None:
        del delay
        self.answers.append("nak")


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    """Of a service that decides nothing."""
    made = Pipeline(Store("installation", open_sqlite(tmp_path / "store.sqlite")), {})
    yield made
    made.close()


async def test_waiting_is_no_failing(pipeline: Pipeline) -> None:
    steps, given = Failing(), Given(published(AppEnabled(site_id=SITE, app_key=APP)))
    process = Process("x", "installation", steps, pipeline)
    waits: list[Exception] = [Unavailable() for _ in range(ATTEMPTS)]
    fails: list[Exception] = [RuntimeError("no way") for _ in range(ATTEMPTS - 1)]
    steps.errors = [*waits, *fails]
    while steps.errors:
        await process._take(given.next)
    assert pipeline.store.recorder.select_letters() == []
    steps.errors = [RuntimeError("no way")]
    await process._take(given.next)
    (letter,) = pipeline.store.recorder.select_letters()
    assert (letter.attempts, given.answers[-2:]) == (ATTEMPTS, ["nak", "ack"])


async def test_what_went_well_begins_anew(pipeline: Pipeline) -> None:
    steps, given = Failing(), Given(published(AppEnabled(site_id=SITE, app_key=APP)))
    process = Process("x", "installation", steps, pipeline)
    for _ in range(2):
        steps.errors = [RuntimeError("no way") for _ in range(ATTEMPTS - 1)]
        for _ in range(ATTEMPTS):
            await process._take(given.next)
        assert given.answers[-1] == "ack"
    assert pipeline.store.recorder.select_letters() == []
