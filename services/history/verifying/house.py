"""All checks over all stores of a house."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from services.history.progress import Progress
from services.history.verifying.causes import (
    handled_twice,
    lost_outcomes,
    without_cause,
    without_command,
)
from services.history.verifying.histories import breaks, gaps, wrong_labels
from services.history.verifying.rows import Flaw
from shared.store import Store

_MOST = 100
"""Flaws that are told of one check of a service: what follows mostly follows from them."""


class Finding(NamedTuple):
    """What was looked at in which service, and how it stands."""

    check: str
    service: str
    well: bool
    detail: str
    where: str = ""
    """A position, or the id of a command."""


class Check(NamedTuple):
    """What is looked at in a store, beside the others', and what is told when all is well."""

    flaws: Callable[[Store, Mapping[str, Store], Progress], Iterator[Flaw]]
    well: str


CHECKS: Mapping[str, Check] = {
    "log": Check(lambda store, _, progress: gaps(store, progress), "no place in it is empty"),
    "chain": Check(
        lambda store, _, progress: breaks(store, progress),
        "each event follows from the one before it",
    ),
    "commands": Check(
        lambda store, _, progress: lost_outcomes(store, progress),
        "each has the events that were answered",
    ),
    "events": Check(
        lambda store, _, progress: without_command(store, progress),
        "each one's command knows it",
    ),
    "effects": Check(without_cause, "what led to them is there"),
    "once": Check(
        lambda store, _, progress: handled_twice(store, progress),
        "no cause had the same effect twice",
    ),
    "labels": Check(
        lambda store, _, progress: wrong_labels(store, progress), "they follow from the histories"
    ),
}
"""By name."""


def verify(stores: Mapping[str, Store], progress: Progress) -> Iterator[Finding]:
    """Look at everything that the stores tell by themselves.

    Services may write meanwhile: each store is looked at as it was at one moment, and what it
    refers to is looked for in the others as they are.
    """
    for service, store in stores.items():
        with store.recorder.reading():
            for name, check in CHECKS.items():
                yield from found(name, service, check.flaws(store, stores, progress), check.well)


def found(check: str, service: str, flaws: Iterable[Flaw], well: str) -> Iterator[Finding]:
    """The first flaws of a check, or that there is none."""
    told = [
        Finding(check, service, well=False, detail=flaw.detail, where=flaw.where)
        for flaw in islice(flaws, _MOST)
    ]
    yield from told or [Finding(check, service, well=True, detail=well)]
