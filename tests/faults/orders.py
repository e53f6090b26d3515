"""Whether what callers saw fits an order in which it was decided."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from services.token.commands import CreateToken, RemoveToken
from services.token.domain import LIMIT
from services.token.events import TokenCreated, TokenRemoved
from services.token.refusals import TokenLimitReached
from shared.messages import Accepted, Refused
from tests.faults.history import History, Operation
from tests.faults.kept import House, Kept
from tests.faults.linear import is_linearizable

_SMALL = 150
"""So many operations of an app are searched for an order without knowing any."""


def witnessed(house: House, history: History) -> Iterator[str]:
    """The order in which an app's tokens changed explains each answer, and no answer is too early.

    Who was answered before another one asked, was decided before it. A change has the answer that
    it has to have; what changed nothing was true at a time between question and answer.
    """
    changes = Changes.by_app(house["token"])
    for app, operations in history.of_apps():
        changed = changes.get(app, Changes())
        yield from _in_time(operations)
        bounds = Bounds([row for row in operations if row.version], end=changed.last + 1)
        for operation in operations:
            if not _explained(operation, changed, bounds):
                yield f"{operation.id} can't have been answered so: {operation}"


def _in_time(operations: Sequence[Operation]) -> Iterator[str]:
    latest = 0.0
    for operation in sorted((row for row in operations if row.version), key=_version):
        if operation.returned < latest:
            yield f"{operation.id} was answered before one was asked that goes before it"
        latest = max(latest, operation.called)


def _version(operation: Operation) -> int:
    return operation.version


@dataclass
class Changes:
    """How the tokens of an app changed, by its versions."""

    created: dict[int, int] = field(default_factory=dict)
    """Which token came with a version."""
    removed: dict[int, int] = field(default_factory=dict)
    """With which version a token went."""
    active: dict[int, int] = field(default_factory=lambda: {0: 0})
    """How many there are as of a version."""
    last: int = 0

    @classmethod
    def by_app(cls, kept: Kept) -> "dict[str, Changes]":
        """Those of all apps."""
        apps: dict[str, Changes] = {}
        for record in kept.records:
            event, version = record.event, record.originator_version
            if event.app is None:
                continue
            app = apps.setdefault(event.app, cls())
            app.active[version] = app.active[version - 1]
            app.last = version
            match event:
                case TokenCreated():
                    app.created[version] = event.token_id
                    app.active[version] += 1
                case TokenRemoved():
                    app.removed[event.token_id] = version
                    app.active[version] -= 1
        return apps


class Bounds:
    """Between which versions an app was at a time, as far as callers know."""

    def __init__(self, decided: Sequence[Operation], end: int) -> None:
        """`end`: the version after the last one."""
        returned = sorted((row.returned, row.version) for row in decided)
        called = sorted((row.called, row.version) for row in decided)
        self._returned, self._called = [row[0] for row in returned], [row[0] for row in called]
        self._last = [1, *accumulate((row[1] for row in returned), max)]
        self._next = [end, *accumulate((row[1] for row in reversed(called)), min)][::-1]

    def during(self, operation: Operation) -> range:
        """The versions that there may have been between question and answer."""
        last = self._last[bisect_left(self._returned, operation.called)]
        return range(last, self._next[bisect_right(self._called, operation.returned)])


def _explained(operation: Operation, changes: Changes, bounds: Bounds) -> bool:
    command, reply = operation.command, operation.reply
    match command, reply:
        case CreateToken(), Accepted():
            number = changes.created.get(operation.version)
            return number is not None and number == reply.result["token_id"]
        case CreateToken(), Refused(code=TokenLimitReached.CODE):
            return any(changes.active[version] >= LIMIT for version in bounds.during(operation))
        case RemoveToken(token_id=number), Accepted():
            gone = changes.removed.get(number)
            if operation.version:
                return gone == operation.version
            return gone is not None and gone < bounds.during(operation).stop
    return False


def one_after_the_other(house: House, history: History) -> Iterator[str]:
    """There is an order of the first operations on each app in which all answers are right."""
    del house
    for app, operations in history.of_apps():
        ends = sorted(row.returned for row in operations)
        if not is_linearizable(operations, end=ends[:_SMALL][-1]):
            yield f"the operations on {app} can't have happened one after the other"
