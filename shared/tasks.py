"""Tasks that go on for ever, and how they end."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
_AGAIN = 0.2
"""Seconds until a task that didn't end is told again."""


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended.

    Once isn't enough: on Python 3.11 `asyncio.wait_for` swallows a cancellation that comes as
    what it waits for is done (bpo-37658), and NATS clients are full of it.
    """
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=_AGAIN)


async def ending(work: Coroutine[Any, Any, T]) -> T:
    """Do some work and give what comes of it; cancelled once, it ends however deaf the work is."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task])
    finally:
        await end(task)
    return task.result()


async def until_first(*works: Coroutine[Any, Any, None]) -> None:
    """Do all of it until one ends, then end the others; raises what that one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*tasks)
    for task in done:
        task.result()


async def wait_for_signal(event: asyncio.Event, seconds: float) -> None:
    """Wait until `event` is set, at most so long, and clear it: another process may have
    done what it tells of, so its waiters look for themselves now and then."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    event.clear()
