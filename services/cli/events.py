"""How events are shown to people."""

from collections.abc import Iterator

from services.cli.forms import Printer
from services.cli.output import Row
from services.cli.tables import cells
from services.cli.times import ago
from services.cli.told import ToldEvent, ToldRefusal
from shared.names import iso
from shared.published import Published
from shared.refused import PublishedRefusal

COLUMNS = (10, 35, 12)
"""Their widths: events come one by one, and stand beneath each other."""

_SHOWN = {"type", "actor", "line", "aggregate", "version"}
"""What stands in the line of an event, or in its id."""


def tell(out: Printer, published: Published, *, detailed: bool = False) -> None:
    """Print one event."""
    told = ToldEvent.of(published)
    out.tell(told, event_rows(told, out, detailed=detailed), COLUMNS)


def tell_any(out: Printer, message: Published | PublishedRefusal, *, detailed: bool) -> None:
    """Print an event or a refusal."""
    if isinstance(message, Published):
        tell(out, message, detailed=detailed)
        return
    told = ToldRefusal.of(message)
    when = ago(told.time) if out.on_terminal else iso(told.time)
    what = f"{told.code}: {told.detail}"
    rows: list[Row] = [(when, told.type, told.actor or "", what)]
    out.tell(told, [*rows, *_refused(told)] if detailed else rows, COLUMNS)


def _refused(told: ToldRefusal) -> Iterator[Row]:
    shown = told.model_dump(include={"id", "command_id", "correlation_id", "data"})
    for name, text in cells(shown).items():
        yield (f"  {name}: {text}",)


def event_rows(told: ToldEvent, out: Printer, *, detailed: bool) -> list[Row]:
    """What people read of an event."""
    when = ago(told.time) if out.on_terminal else iso(told.time)
    row = (when, told.type, told.actor, told.line)
    return [row, *_details(told)] if detailed else [row]


def _details(told: ToldEvent) -> Iterator[Row]:
    shown = told.model_dump(include=set(ToldEvent.model_fields) - _SHOWN)
    for name, text in cells(shown).items():
        yield (f"  {name}: {text}",)
