"""The command that replays recorded history against code."""

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import complete
from services.cli.changes import changed
from services.cli.forms import Printer
from services.cli.options import HERE, Data
from services.cli.output import Row
from services.cli.stop import REFUSED, WRONG_USE, Stop
from services.cli.stores import all_stores, showing_progress
from services.cli.told import ToldDifference

if TYPE_CHECKING:
    from services.history.progress import Progress
    from services.history.replaying.comparing import Comparison, Difference
    from shared.store import Store


def replay(
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="REV|PATH",
            help="A revision of this code, or a folder with code; else what was recorded.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="AGGREGATE",
            autocompletion=complete.aggregates,
            help="Tell only of this aggregate; may be given again.",
        ),
    ] = None,
    data: Data = HERE,
    *,
    out: Printer,
) -> None:
    """Let recorded history happen again, and tell what would be otherwise with today's code.

    Each recorded command is decided again on the state that it met. With --against, both that code
    and today's do so, and their states are compared after each event. It ends with 1 when anything
    differs. Nothing is sent, published or stored, and no app is called.
    """
    stores = all_stores(data)
    with (
        showing_progress() as progress,
        tempfile.TemporaryDirectory(prefix="guestlist-replay-") as folder,
    ):
        recording = Path(folder) / "recording.jsonl"
        _write(recording, stores, progress)
        wanted = [aggregate.lower() for aggregate in only or ()]
        compared = _compared(recording, data, against, wanted)
    told = [
        row for row in compared.differences if not wanted or row.where.partition("@")[0] in wanted
    ]
    for difference in told:
        _tell(out, difference, against)
    if told:
        raise typer.Exit(REFUSED)
    events = sum(store.log_end() for store in stores)
    without = f", {compared.undecided} with a token not decided without their keys"
    rest = without if compared.undecided else ""
    out.say(f"nothing differs: {events} events, {compared.commands} commands{rest}")


def _write(recording: Path, stores: Iterable["Store"], progress: "Progress") -> None:
    from services.history.replaying.recording import recording as lines

    with recording.open("w") as file:
        for store in stores:
            with store.recorder.reading():
                for line in lines(store, progress):
                    file.write(json.dumps(line) + "\n")


def _compared(recording: Path, data: Path, against: str | None, wanted: list[str]) -> "Comparison":
    from services.history.replaying import comparing
    from services.history.replaying.code import NoCode, code_of, today

    try:
        if against is None:
            return comparing.with_record(recording, data, today())
        with code_of(against) as code:
            return comparing.with_code(recording, data, code, today(), wanted)
    except NoCode as error:
        hint = "name a folder with code, or a revision that has this command"
        raise Stop(WRONG_USE, "no-code", str(error), hint) from None


def _tell(out: Printer, difference: "Difference", against: str | None) -> None:
    told = ToldDifference(**difference._asdict())
    rows: list[Row]
    if told.kind == "state":
        rows = [(told.where, f"{told.aggregate} is otherwise after {told.name}")]
    else:
        rows = [
            (told.where, f"{told.aggregate} decides {told.name} {told.command_id} otherwise"),
            (f"  {against or 'recorded'}: {told.then}",),
            (f"  today: {told.now}",),
        ]
    out.tell(told, [*rows, *changed(told.changes)])
