"""A recording: the events and commands of a service in the order in which they were stored.

It is a text of JSON lines, so that the code of any revision can be given the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

from services.history.progress import Progress
from services.history.stores import commands, log, record
from shared.command_log import CommandRow
from shared.messages import Accepted, Meta
from shared.names import Position, iso
from shared.records import RecordMapper, Stored
from shared.store import Store

Line = dict[str, Any]
NOT_DECIDED = "not decided: its token can't be made again by these keys"
"""The outcome of such a command."""


class Decision(NamedTuple):
    """What came of a command, and the events to which it led."""

    command_id: str
    name: str
    position: str
    """The aggregate that decided it, as it was."""
    outcome: str
    """`accepted`, or the code of the refusal, or why it could not be decided."""
    events: list[list[Any]]
    """Topic and data of each."""


def recording(store: Store, progress: Progress) -> Iterator[Line]:
    """Each command stands right before its events; each refused one where it was decided.

    Where nothing tells that exactly, because no event followed, a command stands behind the
    effects that are older than it. Raises Damaged.
    """
    yield {"service": store.service}
    rows = _Ahead(progress.of(log(store), store.log_end(), f"events of {store.service}"))
    for command in commands(store):
        has_events = bool(_events_of(command))
        while rows.next is not None and not _comes_after(rows.next, command, has_events, store):
            yield _event(store, rows.next)
            rows.advance()
        yield {"command": asdict(command)}
        while rows.next is not None and _meta(store, rows.next).command_id == command.command_id:
            yield _event(store, rows.next)
            rows.advance()
    while rows.next is not None:
        yield _event(store, rows.next)
        rows.advance()


def decisions(lines: Iterable[Line]) -> Iterator[Decision]:
    """What was decided when it was recorded; events are read as today's code reads them."""
    service, mapper = "", RecordMapper()
    decision: Decision | None = None
    for line in lines:
        service = line.get("service", service)
        if "command" in line:
            if decision is not None:
                yield decision
            row = CommandRow(**line["command"])
            outcome = row.reply()
            code = "accepted" if isinstance(outcome, Accepted) else outcome.code
            decision = Decision(row.command_id, row.name, "", code, [])
        elif "row" in line:
            stored = stored_of(line)
            where = Position(service, stored.originator_id, stored.originator_version - 1)
            if decision is not None and line["command_id"] == decision.command_id:
                event = mapper.to_event(stored)
                decision.events.append([stored.topic, event.model_dump(mode="json")])
                decision = decision._replace(position=decision.position or str(where))
    if decision is not None:
        yield decision


def stored_of(line: Line) -> Stored:
    """The row in a line."""
    id_, version, topic, state = line["row"]
    return Stored(0, id_, version, topic, state.encode())


class _Ahead:
    """Rows of which the next one can be seen."""

    def __init__(self, rows: Iterator[Stored]) -> None:
        self._rows = rows
        self.next = next(rows, None)

    def advance(self) -> None:
        """See the one after."""
        self.next = next(self._rows, None)


def _comes_after(row: Stored, command: CommandRow, has_events: bool, store: Store) -> bool:
    """Whether an event was stored after a command was decided, or by it."""
    meta = _meta(store, row)
    if has_events:
        return meta.command_id == command.command_id
    if meta.command_id is None:
        return iso(meta.time) > command.time
    return meta.command_id in store.decided([meta.command_id])  # else that was dropped by its age


def _events_of(command: CommandRow) -> tuple[Any, ...]:
    outcome = command.reply()
    return outcome.events if isinstance(outcome, Accepted) else ()


def _meta(store: Store, row: Stored) -> Meta:
    return record(store, row).meta


def _event(store: Store, row: Stored) -> Line:
    return {
        "row": [row.originator_id, row.originator_version, row.topic, row.state.decode()],
        "command_id": _meta(store, row).command_id,
    }
