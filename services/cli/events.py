"""How events are shown to people."""

from collections.abc import Iterator

from services.cli.forms import Printer
from services.cli.output import Row
from services.cli.tables import cells
from services.cli.times import ago
from services.cli.told import ToldEvent
from shared.names import iso
from shared.published import Published

_LEAST = (10, 35, 12)
"""Widths of columns: events come one by one, and stand beneath each other."""


def tell(out: Printer, published: Published, *, detailed: bool = False) -> None:
    """Print one event."""
    told = ToldEvent.of(published)
    when = ago(told.time) if out.on_terminal else iso(told.time)
    rows: list[Row] = [(when, told.type, told.actor, told.line)]
    out.tell(told, [*rows, *_details(told)] if detailed else rows, _LEAST)


def _details(told: ToldEvent) -> Iterator[Row]:
    shown = told.model_dump(exclude={"type", "actor", "line", "aggregate", "version"})
    for name, text in cells(shown).items():
        yield (f"  {name}: {text}",)
