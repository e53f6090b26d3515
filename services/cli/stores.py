"""The stores in the folder of `guestlist up`, as commands read them, and how far they are."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli import arguments, output
from services.cli.stop import NO_ANSWER, REFUSED, Stop
from services.contract import SERVICES

if TYPE_CHECKING:
    from services.history.progress import Progress
    from shared.published import Published
    from shared.store import Store


def store_of(data: Path, service: str) -> "Store":
    """The store of a service, to read only; raises Stop."""
    from services.history.stores import NoStore, open_store  # here, as it would slow every help

    arguments.service(service)
    arguments.folder(data)
    try:
        return open_store(data, service)
    except NoStore as error:
        raise Stop(NO_ANSWER, "not-up", str(error), "start it", "guestlist up") from None


def all_stores(data: Path) -> "list[Store]":
    """The stores of all services, to read only; raises Stop."""
    return [store_of(data, service) for service in SERVICES]


def event_at(data: Path, text: str) -> "Published":
    """The event at a position that was typed, from the stores; raises Stop."""
    from services.history import stores

    position = arguments.place(text)
    store = store_of(data, position.service)
    row = stores.find(store, position)
    if row is None:
        detail, hint = f"there is no event {text}", "look for one"
        raise Stop(REFUSED, "no-history", detail, hint, "guestlist audit --detailed")
    return stores.told(store, row)


@contextmanager
def showing_progress(*, shown: bool = True) -> "Iterator[Progress]":
    """Meanwhile long work says on a terminal how far it is, in one line that goes away.

    `shown`: not while rows are printed there, which tell it themselves.
    """
    from services.history.progress import Progress

    yield Progress(output.passing if shown and sys.stderr.isatty() else lambda _: None)
