"""The command that reads a history: of an aggregate, with its states, or of a flow."""

import re
import sys
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import arguments, complete, connection, times
from services.cli.changes import changed
from services.cli.forms import Printer
from services.cli.options import HERE, Data, Detailed, Nats
from services.cli.reading import telling_outages
from services.cli.stop import REFUSED, WRONG_USE, Stop
from services.cli.stores import all_stores, event_at, showing_progress, store_of
from services.cli.told import ToldState, ToldTransition
from services.cli.tracing import tell_node
from shared.names import Position, iso

if TYPE_CHECKING:
    from services.history.moments import Moment
    from shared.client import Client
    from shared.published import Published

_VERSION = re.compile(r"\d{1,8}")
"""Longer numbers are times."""


def history(
    aggregate: Annotated[
        str,
        typer.Argument(
            metavar="AGGREGATE",
            show_default=False,
            autocompletion=complete.aggregates,
            help="<service>/<kind>/<id>, or the position of an event: then up to there.",
        ),
    ] = "",
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME|VERSION|POSITION",
            help="Only the state in which it was then, or right after that event.",
        ),
    ] = None,
    correlation: Annotated[
        str | None,
        typer.Option(
            "--correlation",
            metavar="ID",
            help="Instead of an aggregate: all that the command with this id led to.",
        ),
    ] = None,
    detailed: Detailed = False,
    data: Data = HERE,
    nats: Nats = None,
    *,
    out: Printer,
) -> None:
    """Print what happened to an aggregate, and what each event changed.

    It is read from the stores in the folder, also while nothing runs there. With --nats it is
    read from the audit stream instead, which has all but what a service copied from others.
    """
    if (correlation is None) == (not aggregate):
        hint = "as token/tokens/com.example.app, or --correlation with the id of a command"
        raise Stop(WRONG_USE, "wrong-use", "one of AGGREGATE and --correlation is needed", hint)
    if correlation is not None:
        _tell_flow(out, data, correlation)
        return
    place = arguments.place(aggregate)
    if nats is None:
        from services.history import stores

        store = store_of(data, place.service)
        moment = _moment(as_of, data)
        events = stores.history(store, place.aggregate)
    else:
        moment = _moment(as_of, None)
        events = iter(_published(out, place, nats))
    wanted = takewhile(lambda event: event.position <= place and moment(event), events)
    with showing_progress(shown=as_of is not None or not sys.stdout.isatty()) as progress:
        counted = progress.of(wanted, None, f"events of {place.aggregate}")
        if as_of is None:
            _tell_transitions(out, place, counted, detailed=detailed)
        else:
            _tell_state(out, place, counted)


def _published(out: Printer, place: Position, nats: str) -> list["Published"]:
    """What the audit stream has of an aggregate."""

    async def read(client: "Client") -> list["Published"]:
        with telling_outages(out):
            events = client.events(follow=False)
            return [event async for event in events if event.position[:2] == place[:2]]

    return connection.ask(read, "auditor", HERE, nats, "try again")


def _tell_transitions(
    out: Printer, place: Position, events: Iterable["Published"], *, detailed: bool
) -> None:
    from services.cli.events import COLUMNS, event_rows
    from services.history.transitions import replay

    transition = None
    for transition in replay(events):
        told = ToldTransition.of(transition.published, changes=tuple(transition.changes))
        (first, *rest) = event_rows(told, out, detailed=detailed)
        rows = [(f"@{told.version}", *first), *rest, *changed(transition.changes)]
        out.tell(told, rows, (4, *COLUMNS))
    if transition is None:
        raise _nothing(place)


def _tell_state(out: Printer, place: Position, events: Iterable["Published"]) -> None:
    from services.cli.tables import cells
    from services.history.transitions import last_state

    found = last_state(events)
    if found is None:
        raise _nothing(place, " by then")
    position, time = found.published.position, found.published.meta.time
    told = ToldState(id=str(position), time=time, state=found.state)
    out.tell(told, [("id", told.id), ("time", iso(time)), *cells(found.state).items()])


def _nothing(place: Position, when: str = "") -> Stop:
    detail = f"nothing happened to {place.service}/{place.aggregate}{when}"
    return Stop(REFUSED, "no-history", detail, "look what happened to whom", "guestlist audit")


def _tell_flow(out: Printer, data: Path, correlation_id: str) -> None:
    """Print the commands and events of a flow, each below what caused it."""
    from services.history.flows import flow

    with showing_progress() as progress:
        nodes = flow(all_stores(data), correlation_id, progress)
    if not nodes:
        detail = f"no command or event has the correlation id {correlation_id}"
        hint = "each event tells its own"
        raise Stop(REFUSED, "no-history", detail, hint, "guestlist audit --detailed")
    for node in nodes:
        tell_node(out, node, nodes[0].time)


def _moment(as_of: str | None, data: Path | None) -> "Moment":
    """What had happened by then; in the stores of a folder an event says when, too."""
    from services.history import moments

    if as_of is None:
        return moments.now
    if _VERSION.fullmatch(as_of):
        return moments.at_version(int(as_of))
    if "@" not in as_of:
        return moments.at_time(times.parse(as_of))
    if data is None:
        detail = "the audit stream doesn't tell the moment of an event"
        raise Stop(WRONG_USE, "wrong-use", detail, "give a time or a version, or leave out --nats")
    return moments.right_after(event_at(data, as_of))
