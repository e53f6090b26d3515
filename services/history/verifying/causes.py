"""What led to what: commands and their events, and what a service handled of others."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain, groupby
from operator import attrgetter

from services.history.progress import Progress
from services.history.stores import commands, histories, in_chunks, tracking
from services.history.verifying.rows import Flaw, position, read
from shared.messages import Accepted
from shared.names import Position, iso
from shared.records import Record
from shared.store import Store


def lost_outcomes(store: Store, progress: Progress) -> Iterator[Flaw]:
    """Commands whose outcome isn't what is stored."""
    decided = progress.of(commands(store), store.commands_end(), f"commands of {store.service}")
    for chunk in in_chunks(decided):
        answered: list[tuple[str, str]] = []
        for row in chunk:
            try:
                outcome = row.reply()
            except ValueError:
                yield Flaw(row.command_id, "its outcome can't be read: it was changed")
                continue
            if isinstance(outcome, Accepted):
                answered += [(event.id, row.command_id) for event in outcome.events]
        known = _at(store, [place for place, _ in answered])
        for place, id_ in answered:
            record = known.get(place)
            if record is None:
                yield Flaw(place, f"it isn't there, but was answered to command {id_}")
            elif record.meta.command_id != id_:
                yield Flaw(place, f"it was answered to command {id_}, but is of another")


def without_command(store: Store, progress: Progress) -> Iterator[Flaw]:
    """Events whose command isn't known, or doesn't know them.

    Commands were dropped by their age, up to the time of the oldest that is known: those of one
    commit have one time. A copy of an earlier moment has none of them.
    """
    oldest = next((row.time for row in commands(store)), "")
    if not (oldest or store.commands_end()):
        return
    rows = progress.of(histories(store), store.log_end(), f"causes of {store.service}")
    for chunk in in_chunks((str(position(store, row)), read(store, row)) for row in rows):
        asked = [
            (where, record.meta.command_id, record.meta.time)
            for where, record in chunk
            if record is not None and record.meta.command_id is not None
        ]
        decided = store.decided([id_ for _, id_, _ in asked])
        for where, id_, time in asked:
            known = decided.get(id_)
            if known is None:
                if iso(time) > oldest:
                    yield Flaw(where, f"its command {id_} isn't in the command log")
            elif f'"{where}"' not in known.outcome:
                yield Flaw(where, f"its command {id_} was answered without it")


def without_cause(store: Store, stores: Mapping[str, Store], progress: Progress) -> Iterator[Flaw]:
    """What was handled of other services, or led to an event here, and isn't there."""
    for handled in in_chunks(tracking(store)):
        yield from (
            Flaw(place, f"it isn't there, but {store.service} handled it")
            for place in absent(stores, map(str, handled))
        )
    for chunk in in_chunks(chain.from_iterable(_effects(store, progress))):
        led_to = {record.meta.causation_id: where for where, record in chunk}
        for cause in absent(stores, led_to):
            yield Flaw(cause, f"it isn't there, but led to {led_to[cause]}")


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


def absent(stores: Mapping[str, Store], places: Iterable[str]) -> Iterator[str]:
    """Those of these positions where no event stands that can be read."""
    wanted = defaultdict(list)
    for place in places:
        wanted[place.partition("/")[0]].append(place)
    for service, all_ in wanted.items():
        known = _at(stores[service], all_) if service in stores else {}
        yield from (place for place in all_ if place not in known)


def _at(store: Store, places: Iterable[str]) -> dict[str, Record]:
    """The events at these positions, as far as there are any that can be read."""
    parsed = []
    for place in places:
        with suppress(ValueError):
            parsed.append(Position.parse(place)[1:])
    rows = store.recorder.select_at(parsed)
    found = ((str(position(store, row)), read(store, row)) for row in rows)
    return {place: record for place, record in found if record is not None}
