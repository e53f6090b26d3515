"""Whether operations on the tokens of an app can have happened one after the other.

The search of Wing and Gong with Lowe's memory of what was tried: of all operations that were called
before the first of the open ones returned, one is next; it must have had the answer that it got.
What fits and changes nothing may as well be next, so nothing else is tried there: else a history
without an order would have to be searched in as many ways as such operations can be arranged.
Sources: Wing and Gong, Testing and Verifying Concurrent Objects; Lowe, Testing for Linearizability.
"""

from collections.abc import Iterable
from typing import NamedTuple

from services.token.commands import CreateToken, RemoveToken
from services.token.domain import LIMIT
from shared.messages import Accepted
from tests.faults.history import Operation


class Tokens(NamedTuple):
    """All that matters of an app's tokens."""

    given: int = 0
    active: frozenset[int] = frozenset()


def after(state: Tokens, operation: Operation) -> Tokens | None:
    """The state after an operation; None when it could not have had that answer."""
    accepted = isinstance(operation.reply, Accepted)
    match operation.command:
        case CreateToken():
            if len(state.active) >= LIMIT:
                return None if accepted else state
            new = state.given + 1
            fits = accepted and operation.reply.result["token_id"] == new  # type: ignore[union-attr]
            return Tokens(new, state.active | {new}) if fits else None
        case RemoveToken(token_id=token_id):
            known = token_id <= state.given
            if known != accepted:
                return None
            return Tokens(state.given, state.active - {token_id})
    return state


def is_linearizable(operations: Iterable[Operation], end: float = float("inf")) -> bool:
    """Whether there is an order in which all of them have the answers that they got.

    What returned after `end` may have happened or not; what was called later isn't looked at.
    """
    rows = sorted((row for row in operations if row.called <= end), key=lambda row: row.called)
    tried: set[tuple[int, Tokens]] = set()
    waiting = [(0, Tokens())]  # the operations that are done, as bits; the state after them
    everything = sum(1 << index for index, row in enumerate(rows) if row.returned <= end)
    while waiting:
        done, state = waiting.pop()
        if done & everything == everything:
            return True
        steps = [
            (done | 1 << index, new)
            for index in _next(rows, done)
            if (new := after(state, rows[index])) is not None
        ]
        unchanged = [step for step in steps if step[1] == state]
        for step in unchanged[:1] or steps:
            if step not in tried:
                tried.add(step)
                waiting.append(step)
    return False


def _next(rows: list[Operation], done: int) -> list[int]:
    """The operations that may come next: those called before the first open one returned."""
    found: list[int] = []
    first = float("inf")
    for index, row in enumerate(rows):
        if done >> index & 1:
            continue
        if row.called > first:
            break
        first = min(first, row.returned)
        found.append(index)
    return found
