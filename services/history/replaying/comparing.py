"""How what one code makes of a recording differs from what another makes of it."""

import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from services.history.kinds import begin
from services.history.replaying.code import Code
from services.history.replaying.recording import NOT_DECIDED, Decision, Line, decisions
from shared.names import Position
from shared.states import Change, changes

_MOST = 20
"""Aggregates whose first difference is told."""
_AT_ONCE = 500
"""Aggregates whose states are looked at in one more replay: code that hashes otherwise, as an
older revision, differs in all of them."""


class Difference(NamedTuple):
    """Where two sides differ first: in a command's outcome, or in the state after an event."""

    kind: str
    where: str
    """The aggregate's version before the command, or the event's position."""
    aggregate: str
    """The kind of the aggregate, as `AppTokens`."""
    command_id: str
    name: str
    """Of the command, or the topic of the event."""
    then: str
    now: str
    changes: list[Change]


class Comparison(NamedTuple):
    """All differences, and how many commands were not decided again."""

    differences: list[Difference]
    commands: int
    undecided: int


def with_record(recording: Path, data: Path, now: Code) -> Comparison:
    """How today's code decides otherwise than it was decided; raises NoCode."""
    decided = _Replayed.of(now.replay(recording, data))
    with recording.open() as lines:
        recorded = list(decisions(map(json.loads, lines)))
    differences = list(_decided_otherwise(recorded, decided.decisions))
    return Comparison(differences, len(recorded), decided.undecided)


def with_code(
    recording: Path, data: Path, then: Code, now: Code, only: Collection[str] = ()
) -> Comparison:
    """What one code makes of it otherwise than another: states first, as rules go by them.

    `only`: the aggregates whose states are compared; without any all are. Raises NoCode.
    """
    one, other = (_Replayed.of(code.replay(recording, data)) for code in (then, now))
    places = one.hashes.keys() | other.hashes.keys()
    differ = (place for place in places if one.hashes.get(place) != other.hashes.get(place))
    aggregates = {place.partition("@")[0] for place in differ}
    wanted = sorted(aggregates.intersection(only) if only else aggregates)
    states: list[Difference] = []
    while wanted and len(states) < _MOST:
        looked, wanted = wanted[:_AT_ONCE], wanted[_AT_ONCE:]
        states += _became_otherwise(*(code.replay(recording, data, looked) for code in (then, now)))
    decided = _decided_otherwise(one.decisions, other.decisions)
    return Comparison([*states[:_MOST], *decided], len(other.decisions), other.undecided)


class _Replayed(NamedTuple):
    """What a code told of a recording."""

    decisions: list[Decision]
    hashes: dict[str, str]
    """By aggregate with its version: what tells two histories of states apart."""

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "_Replayed":
        decided: list[Decision] = []
        hashes: dict[str, str] = {}
        for line in lines:
            if "decision" in line:
                decided.append(Decision(*line["decision"]))
            else:
                hashes[line["aggregate"]] = line["hash"]
        return cls(decided, hashes)

    @property
    def undecided(self) -> int:
        return sum(row.outcome == NOT_DECIDED for row in self.decisions)


def _decided_otherwise(then: list[Decision], now: list[Decision]) -> Iterator[Difference]:
    """The commands of which something else came, as far as they could be decided again."""
    for one, other in zip(then, now, strict=True):
        if one[3:] != other[3:] and NOT_DECIDED not in (one.outcome, other.outcome):
            where = other.position or one.position
            differ = list(changes(_data(one), _data(other)))
            yield Difference(
                "decision",
                where,
                _kind(where) if where else "",
                one.command_id,
                one.name,
                _said(one),
                _said(other),
                differ,
            )


def _became_otherwise(then: Iterable[Line], now: Iterable[Line]) -> Iterator[Difference]:
    """The first event of each aggregate after which its state is another one."""
    found: set[str] = set()
    for one, other in zip(then, now, strict=True):
        place = one["aggregate"]
        aggregate = place.partition("@")[0]
        if one["state"] != other["state"] and aggregate not in found:
            found.add(aggregate)
            differ = list(changes(one["state"], other["state"]))
            yield Difference("state", place, _kind(place), "", one["topic"], "", "", differ)


def _kind(where: str) -> str:
    position = Position.parse(where)
    return type(begin(position.service, position.aggregate)).__name__


def _said(decision: Decision) -> str:
    topics = ", ".join(topic for topic, _ in decision.events)
    return f"{decision.outcome}: {topics}" if topics else decision.outcome


def _data(decision: Decision) -> dict[str, Any]:
    return {str(number): {topic: data} for number, (topic, data) in enumerate(decision.events, 1)}
