"""Whether what callers saw fits an order in which it was decided."""

from collections.abc import Iterator

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
        for operation in sorted((row for row in operations if row.version), key=_version):
            if operation.returned < latest:
                yield f"{operation.id} was answered before one was asked that goes before it"
            latest = max(latest, operation.called)
        for operation in operations:
            if getattr(operation.reply, "code", "") == "token-limit-reached":
                yield from _limit_was_reached(app, operation, operations, counts)


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


def _limit_was_reached(
    app: str, refused: Operation, operations: list[Operation], counts: dict[str, dict[int, int]]
) -> Iterator[str]:
    """At some time between question and answer the app had all the tokens that it may have."""
    before = [row.version for row in operations if row.version and row.returned < refused.called]
    after = [row.version for row in operations if row.version and row.called > refused.returned]
    end = min(after, default=max(counts[app]) + 1)
    if not any(counts[app][version] >= LIMIT for version in range(max(before, default=1), end)):
        yield f"{refused.id} was refused for {app}, though there was room"


def one_after_the_other(house: House, history: History) -> Iterator[str]:
    """There is an order of the first operations on each app in which all answers are right."""
    del house
    for app, operations in history.of_apps():
        ends = sorted(row.returned for row in operations)
        if not is_linearizable(operations, end=ends[:_SMALL][-1]):
            yield f"the operations on {app} can't have happened one after the other"
