"""A history by its transitions: each event with what it changed."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pydantic import JsonValue

from services.history.kinds import begin
from shared.aggregate import Aggregate
from shared.published import Published
from shared.states import Change, changes, state_of


class Transition(NamedTuple):
    """An event, and what is other in the state of its aggregate than before."""

    published: Published
    changes: list[Change]


class State(NamedTuple):
    """The state of an aggregate right after an event."""

    published: Published
    state: dict[str, JsonValue]


def replay(events: Iterable[Published]) -> Iterator[Transition]:
    """Let the events of one aggregate happen again; raises LookupError for an unknown kind."""
    before: dict[str, JsonValue] | None = None
    for published, aggregate in _replayed(events):
        if before is None:
            before = state_of(type(aggregate)(aggregate.key))
        after = state_of(aggregate)
        yield Transition(published, list(changes(before, after)))
        before = after


def last_state(events: Iterable[Published]) -> State | None:
    """The state after all events of one aggregate; None for none. Raises as `replay`."""
    last = deque(_replayed(events), maxlen=1)
    return State(last[0][0], state_of(last[0][1])) if last else None


def _replayed(events: Iterable[Published]) -> Iterator[tuple[Published, Aggregate]]:
    """Each event with its aggregate as it is then.

    An event of an unknown type changes nothing: the services are newer than this program.
    """
    aggregate = None
    for published in events:
        if aggregate is None:
            aggregate = begin(published.position.service, published.position.aggregate)
        event = published.event()
        if event is not None:
            aggregate.replay(event)
        yield published, aggregate
