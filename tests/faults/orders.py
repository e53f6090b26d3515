"""Whether what callers saw fits an order in which it was decided."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from services.token.domain import LIMIT
from services.token.events import TokenCreated, TokenRemoved
from tests.faults.history import History, Operation
from tests.faults.kept import House, Kept
from tests.faults.linear import is_linearizable

_SMALL = 150
"""So many operations of an app are searched for an order without knowing any."""


def real_time(house: House, history: History) -> Iterator[str]:
    """Who was answered before another one asked, was decided before it."""
    counts = _active_counts(house["token"])
    for app, operations in history.of_apps():
        latest = 0.0
        decided = sorted((row for row in operations if row.version), key=_version)
        for operation in decided:
            if operation.returned < latest:
                yield f"{operation.id} was answered before one was asked that goes before it"
            latest = max(latest, operation.called)
        bounds = Bounds(decided, end=max(counts[app], default=0) + 1)
        for operation in operations:
            if getattr(operation.reply, "code", "") == "token-limit-reached":
                yield from _limit_was_reached(app, operation, bounds, counts[app])


def _version(operation: Operation) -> int:
    return operation.version


def _active_counts(kept: Kept) -> dict[str, dict[int, int]]:
    """By app and version: how many tokens are active."""
    counts: dict[str, dict[int, int]] = {}
    for record in kept.records:
        change = {TokenCreated: 1, TokenRemoved: -1}.get(type(record.event), 0)
        app = record.event.app
        if app is not None:
            rows = counts.setdefault(app, {})
            before = rows.get(record.originator_version - 1, 0)
            rows[record.originator_version] = before + change
    return counts


class Bounds:
    """Between which versions an app was at a time, as far as callers know."""

    def __init__(self, decided: Sequence[Operation], end: int) -> None:
        """`end`: the version after the last one."""
        returned = sorted((row.returned, row.version) for row in decided)
        called = sorted((row.called, row.version) for row in decided)
        self._returned, self._called = [row[0] for row in returned], [row[0] for row in called]
        self._last = [1, *accumulate((row[1] for row in returned), max)]
        self._next = [end, *accumulate((row[1] for row in reversed(called)), min)][::-1]

    def last(self, time: float) -> int:
        """The last one that was answered before, at least 1."""
        return self._last[bisect_left(self._returned, time)]

    def next(self, time: float) -> int:
        """The first one of those that were asked for later."""
        return self._next[bisect_right(self._called, time)]


def _limit_was_reached(
    app: str, refused: Operation, bounds: Bounds, active: dict[int, int]
) -> Iterator[str]:
    """At some time between question and answer the app had all the tokens that it may have."""
    possible = range(bounds.last(refused.called), bounds.next(refused.returned))
    if not any(active[version] >= LIMIT for version in possible):
        yield f"{refused.id} was refused for {app}, though there was room"


def one_after_the_other(house: House, history: History) -> Iterator[str]:
    """There is an order of the first operations on each app in which all answers are right."""
    del house
    for app, operations in history.of_apps():
        ends = sorted(row.returned for row in operations)
        if not is_linearizable(operations, end=ends[:_SMALL][-1]):
            yield f"the operations on {app} can't have happened one after the other"
