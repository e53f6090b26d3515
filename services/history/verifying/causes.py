"""What led to what: commands and their events, and what a service handled of others."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import attrgetter

from services.history.progress import Progress
from services.history.stores import commands, find, histories, tracking
from services.history.verifying.rows import Flaw, position, read
from shared.messages import Accepted
from shared.names import Position, iso
from shared.records import Record
from shared.store import Store


def lost_outcomes(store: Store, progress: Progress) -> Iterator[Flaw]:
    """Commands whose outcome isn't what is stored."""
    decided = progress.of(commands(store), store.commands_end(), f"commands of {store.service}")
    for row in decided:
        try:
            outcome = row.reply()
        except ValueError:
            yield Flaw(row.command_id, "its outcome can't be read: it was changed")
            continue
        for event in outcome.events if isinstance(outcome, Accepted) else ():
            record = _record(store, event.id)
            if record is None:
                yield Flaw(
                    event.id, f"it isn't there, but was answered to command {row.command_id}"
                )
            elif record.meta.command_id != row.command_id:
                yield Flaw(
                    event.id, f"it was answered to command {row.command_id}, but is of another"
                )


def without_command(store: Store, progress: Progress) -> Iterator[Flaw]:
    """Events whose command isn't known, or doesn't know them.

    Commands from before the oldest that is known were dropped by their age.
    """
    oldest = next((row.time for row in commands(store)), "")
    rows = progress.of(histories(store), store.log_end(), f"causes of {store.service}")
    for row in rows:
        record = read(store, row)
        if record is None or record.meta.command_id is None:
            continue
        where, id_ = str(position(store, row)), record.meta.command_id
        known = store.decided([id_]).get(id_)
        if known is None:
            if iso(record.meta.time) >= oldest:
                yield Flaw(where, f"its command {id_} isn't in the command log")
        elif f'"{where}"' not in known.outcome:
            yield Flaw(where, f"its command {id_} was answered without it")


def without_cause(store: Store, stores: Mapping[str, Store], progress: Progress) -> Iterator[Flaw]:
    """What was handled of other services, or led to an event here, and isn't there."""
    for handled in tracking(store):
        if _record(stores[handled.service], str(handled)) is None:
            yield Flaw(str(handled), f"it isn't there, but {store.service} handled it")
    for history in _effects(store, progress):
        for where, record in history:
            cause = record.meta.causation_id
            try:
                origin = stores[Position.parse(cause).service]
            except (ValueError, LookupError):
                yield Flaw(where, f"its cause {cause} is no event")
                continue
            if _record(origin, cause) is None:
                yield Flaw(cause, f"it isn't there, but led to {where}")


def handled_twice(store: Store, progress: Progress) -> Iterator[Flaw]:
    """Effects that a cause has again on an aggregate: all that it has are stored together, once."""
    for history in _effects(store, progress):
        known: set[str] = set()
        for cause, effects in groupby(history, lambda effect: effect[1].meta.causation_id):
            events = []
            for where, record in effects:
                if cause in known or record.event in events:
                    yield Flaw(where, f"its cause {cause} had this effect before")
                events.append(record.event)
            known.add(cause)


def _effects(store: Store, progress: Progress) -> Iterator[Iterator[tuple[str, Record]]]:
    """By aggregates: the events that are of no command, with their positions."""
    rows = progress.of(histories(store), store.log_end(), f"effects in {store.service}")
    for _, history in groupby(rows, attrgetter("originator_id")):
        read_ = ((str(position(store, row)), read(store, row)) for row in history)
        yield (
            (where, record)
            for where, record in read_
            if record is not None and record.meta.command_id is None
        )


def _record(store: Store, place: str) -> Record | None:
    row = find(store, Position.parse(place))
    return None if row is None else read(store, row)
