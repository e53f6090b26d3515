"""However long it takes to get what some requests need, all others are answered meanwhile."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.listing.queries import Partner, ReadDescriptor
from services.listing.views import Views
from shared.errors import BadRequest, Busy, DeadlinePassed, UnknownPartner
from shared.handlers import Need, Prepared, routes
from shared.messages import Envelope, Query
from shared.pipeline import MAX_PREPARING, MAX_TO_PREPARE, MAX_WAITING, Pipeline
from shared.requests import Asked
from shared.sqlite import open_sqlite
from shared.store import Store
from shared.testing import NOW


class Slow:
    """Gets nothing until it is told to, and counts what it was asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.goes_on = asyncio.Event()

    async def prepare(self, need: Need[Any], envelope: Envelope) -> Prepared:
        """Wait, and then find nothing."""
        del need, envelope
        self.asked += 1
        await self.goes_on.wait()
        return BadRequest(reason="there is nothing")


@pytest.fixture
def slow() -> Slow:
    """What is needed."""
    return Slow()


@pytest.fixture
def pipeline(slow: Slow, tmp_path: Path) -> Iterator[Pipeline]:
    """A service that needs it for each descriptor."""
    store = Store("listing", open_sqlite(tmp_path / "listing.sqlite"))
    made = Pipeline(store, routes(Views("https://example.com", ())), prepare=slow.prepare)
    yield made
    made.close()


async def asked(pipeline: Pipeline, query: Query, seconds: float | None = None) -> str:
    """The code that answers a query which is too late after so many seconds."""
    deadline = None if seconds is None else NOW + timedelta(seconds=seconds)
    envelope = Envelope(id="q", actor="ann", time=NOW, correlation_id="q", deadline=deadline)
    answer = await pipeline.answer(Asked(query, envelope))
    return getattr(answer, "code", "")


async def test_too_many_have_to_come_again_and_all_others_are_answered(
    pipeline: Pipeline, slow: Slow
) -> None:
    query = ReadDescriptor(url="https://slow.example.com/a.json")
    many = [asyncio.create_task(asked(pipeline, query)) for _ in range(MAX_WAITING + 10)]
    async with asyncio.timeout(20):
        while sum(task.done() for task in many) < len(many) - MAX_TO_PREPARE:
            await asyncio.sleep(0.01)
    assert {task.result() for task in many if task.done()} == {Busy.CODE}
    assert await asked(pipeline, Partner(partner_id="p")) == UnknownPartner.CODE
    assert slow.asked == MAX_PREPARING
    slow.goes_on.set()
    await asyncio.gather(*many)
    assert slow.asked == MAX_TO_PREPARE
    assert await asked(pipeline, query) == BadRequest.CODE


async def test_nothing_is_got_for_whom_it_comes_too_late(pipeline: Pipeline, slow: Slow) -> None:
    query = ReadDescriptor(url="https://slow.example.com/a.json")
    first = [asyncio.create_task(asked(pipeline, query)) for _ in range(MAX_PREPARING)]
    while slow.asked < MAX_PREPARING:
        await asyncio.sleep(0.01)
    late = asyncio.create_task(asked(pipeline, query, seconds=0))
    await asyncio.sleep(0.1)
    slow.goes_on.set()
    assert await late == DeadlinePassed.CODE
    await asyncio.gather(*first)
    assert slow.asked == MAX_PREPARING
