"""The stores of a house as they stood beside each other, while their services write on."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain

from services.contract import SERVICES
from services.history.stores import commands, in_chunks, tracking
from services.history.verifying.causes import absent
from shared.names import Position
from shared.store import Store

_TRIES = 5


@contextmanager
def together(stores: Sequence[Store]) -> Iterator[None]:
    """Within this each store is read of one moment, in which the others have what led to it.

    What they don't have at the last try either was lost there before: the checks tell it.
    """
    with ExitStack() as held:
        for _ in range(_TRIES):
            held.close()
            if _hold(stores, held):
                break
        yield


def _hold(stores: Sequence[Store], held: ExitStack) -> bool:
    """Hold each store as it is now, followers first; whether what they had of the others is there.

    Two that follow each other may not fit.
    """
    decided = [store.commands_end() for store in stores]
    for store in reversed(stores):
        held.enter_context(store.recorder.reading())
        store.log_end()  # its moment is that of the first look
    by_name = {store.service: store for store in stores}
    had = chain.from_iterable(map(_had, stores, decided))
    return not any(chain.from_iterable(absent(by_name, places) for places in in_chunks(had)))


def _had(store: Store, decided: int) -> Iterator[str]:
    """What a store had of the others: what it handled, and the causes of commands since then."""
    yield from map(str, tracking(store))
    for row in commands(store, decided):
        with suppress(ValueError):
            cause = Position.parse(row.causation_id or "")
            if cause.service in SERVICES:
                yield str(cause)
