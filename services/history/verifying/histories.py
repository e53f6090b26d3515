"""The log and its histories: without gaps, in order, each event chained to the one before it."""

from collections.abc import Iterator
from heapq import merge
from itertools import groupby, repeat
from operator import attrgetter, itemgetter

from services.history.kinds import begin
from services.history.progress import Progress
from services.history.stores import histories, labels, log
from services.history.verifying.rows import Flaw, hashed, position, read
from shared.records import CHAIN_START, Stored
from shared.store import Store


def gaps(store: Store, progress: Progress) -> Iterator[Flaw]:
    """Places of the log where nothing stands; a log that grows has none."""
    last = 0
    for row in progress.of(log(store), store.log_end(), f"log of {store.service}"):
        if row.id != last + 1:
            missing = f"{last + 1}" if row.id == last + 2 else f"{last + 1} to {row.id - 1}"
            where = str(position(store, row))
            yield Flaw(where, f"before it the log has nothing at {missing}: it was removed")
        last = row.id


def breaks(store: Store, progress: Progress) -> Iterator[Flaw]:
    """Events that don't follow from the one before them, or can't be read."""
    rows = progress.of(histories(store), store.log_end(), f"histories of {store.service}")
    for _, history in groupby(rows, attrgetter("originator_id")):
        before: Stored | None = None
        for row in history:
            yield from _broken(store, row, before)
            before = row


def _broken(store: Store, row: Stored, before: Stored | None) -> Iterator[Flaw]:
    where, version = position(store, row), before.originator_version if before else 0
    record = read(store, row)
    if record is None:
        yield Flaw(str(where), "it can't be read: it was changed")
    elif row.originator_version != version + 1:
        missing = where._replace(version=version + 1)
        yield Flaw(str(missing), f"it is missing, {where} comes next")
    elif record.prev != (CHAIN_START if before is None else hashed(before)):
        other = f"{where._replace(version=version)} or it" if before else "it"
        yield Flaw(str(where), f"it doesn't follow from what is before it: {other} was changed")
    if row.id < 1:
        yield Flaw(str(where), f"it stands at {row.id}, before the log begins: it was put there")
    if before is not None and row.id < before.id:
        yield Flaw(str(where), "it stands in the log before the event that it follows")


def wrong_labels(store: Store, progress: Progress) -> Iterator[Flaw]:
    """Labels that don't follow from the histories, and those that are missing."""
    rows = progress.of(histories(store), store.log_end(), f"labels of {store.service}")
    has = zip(labels(store), repeat(True))
    wants = zip(_wanted(store, rows), repeat(False))
    for (id_, label), sides in groupby(merge(has, wants), itemgetter(0)):
        match [side for _, side in sides]:
            case [True]:
                yield Flaw(f"{store.service}/{id_}", f"its label {label} doesn't follow from it")
            case [False]:
                yield Flaw(f"{store.service}/{id_}", f"it isn't found by its label {label}")


def _wanted(store: Store, rows: Iterator[Stored]) -> Iterator[tuple[str, str]]:
    for id_, carried in labels_of(store, rows):
        yield from ((id_, label) for label in sorted(carried))


def labels_of(store: Store, rows: Iterator[Stored]) -> Iterator[tuple[str, frozenset[str]]]:
    """Each aggregate of these histories with the labels that follow; what can't be read is not."""
    for id_, history in groupby(rows, attrgetter("originator_id")):
        try:
            aggregate = begin(store.service, id_)
        except LookupError:
            continue
        for row in history:
            record = read(store, row)
            if record is not None:
                aggregate.replay(record.event)
        yield id_, aggregate.labels()
