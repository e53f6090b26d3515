"""Moments: whether an event had happened by then."""

from collections.abc import Callable
from datetime import datetime

from shared.published import Published

Moment = Callable[[Published], bool]
"""Whether that had happened by then."""


def now(_: Published) -> bool:
    """All has happened by now."""
    return True


def at_version(version: int) -> Moment:
    """When an aggregate had so many events."""
    return lambda event: event.position.version <= version


def at_time(time: datetime) -> Moment:
    """By the clocks of the services."""
    return lambda event: event.meta.time <= time


def right_after(last: Published) -> Moment:
    """When that event had happened: for its own service by its log, for others by the time."""

    def by_then(event: Published) -> bool:
        if event.position.service == last.position.service:
            return event.sequence <= last.sequence
        return event.meta.time <= last.meta.time

    return by_then
