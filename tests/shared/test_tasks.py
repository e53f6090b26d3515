"""A task that goes on for ever ends, though it swallows cancellations."""

import asyncio
from contextlib import suppress

import pytest

from shared.tasks import end, ending, until_first


async def deaf(times: int) -> None:
    """Goes on until it was cancelled more often than that."""
    for _ in range(times):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
    await asyncio.sleep(60)


async def test_tasks_end_however_often_they_are_deaf() -> None:
    tasks = [asyncio.create_task(deaf(times)) for times in (0, 1, 2)]
    await asyncio.sleep(0)
    await asyncio.wait_for(end(*tasks), 5)
    assert all(task.cancelled() for task in tasks)


async def test_what_has_ended_stays_as_it_ended() -> None:
    task = asyncio.create_task(asyncio.sleep(0, "done"))
    await task
    await end(task)
    assert task.result() == "done"


async def test_when_one_of_several_breaks_the_others_end_and_it_is_raised() -> None:
    async def broken() -> None:
        await asyncio.sleep(0)
        raise ConnectionError("broken")

    with pytest.raises(ConnectionError, match="broken"):
        await asyncio.wait_for(until_first(deaf(0), deaf(2), broken()), 5)


async def test_when_one_of_several_is_done_the_others_end() -> None:
    await asyncio.wait_for(until_first(deaf(1), asyncio.sleep(0)), 5)


async def test_work_that_is_deaf_ends_though_it_is_cancelled_once() -> None:
    working = asyncio.create_task(ending(deaf(3)))
    await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.wait([working], timeout=5)
    assert working.cancelled()


async def test_work_that_ends_gives_what_comes_of_it() -> None:
    assert await ending(asyncio.sleep(0, "done")) == "done"
