"""The commands that write a history to a file, and make stores of one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import times
from services.cli.forms import Printer
from services.cli.options import HERE, Data
from services.cli.stop import REFUSED, WRONG_USE, Stop
from services.cli.stores import all_stores, event_at, showing_progress
from services.cli.told import Archived
from shared.files import writing_anew

if TYPE_CHECKING:
    from services.history.archive import Cut


def export(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The archive that is written.")],
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME|POSITION",
            help="Only what had happened then, or by that event.",
        ),
    ] = None,
    data: Data = HERE,
    *,
    out: Printer,
) -> None:
    """Write the history of all services to one file: a line of CloudEvents JSON for each event.

    With it go the commands that were decided, and how far each service handled the others' events.
    Tokens are masked, as everywhere; keys and dead letters are not in it.
    """
    from services.history import archive

    stores, cut = all_stores(data), _cut(as_of, data)
    with showing_progress() as progress, writing_anew(path) as file:
        lines = 0
        for line in archive.write(stores, cut, progress):
            file.write(line)
            lines += 1
    told = Archived(path=path, lines=lines)
    out.tell(told, [(f"wrote {lines} lines to {path}",)])


def import_(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="An archive of `guestlist export`.")],
    data: Data = HERE,
    *,
    out: Printer,
) -> None:
    """Make the stores of a folder from an archive; it must have none.

    They are logs of their own: what happens there reaches no other house.
    """
    lines = load(path, data)
    told = Archived(path=path, lines=lines)
    out.tell(told, [(f"made the stores in {data} from {path}: {lines} events",)])


def load(path: Path, data: Path) -> int:
    """Make the stores of a folder from an archive, for how many events there are; raises Stop."""
    from services import folder
    from services.history import archive

    try:
        with folder.kept(data), showing_progress() as progress, path.open("rb") as file:
            size = sum(1 for _ in file)
            file.seek(0)
            return sum(archive.read(progress.of(file, size, f"lines of {path}"), data).values())
    except folder.AlreadyUp as error:
        raise Stop(WRONG_USE, "already-up", str(error), "stop it, or give another --data") from None
    except FileNotFoundError:
        hint = "name another file, or make one"
        raise Stop(
            WRONG_USE, "no-such-file", f"there is no {path}", hint, "guestlist export FILE"
        ) from None
    except FileExistsError as error:
        hint = "name an empty folder with --data"
        raise Stop(REFUSED, "not-empty", str(error), hint) from None
    except archive.NoArchive as error:
        raise Stop(REFUSED, "no-archive", f"{path}: {error}", "export it once more") from None


def _cut(as_of: str | None, data: Path) -> "Cut | None":
    from services.history import archive, moments

    if as_of is None:
        return None
    if "@" not in as_of:
        time = times.parse(as_of)
        return archive.Cut(moments.at_time(time), time)
    event = event_at(data, as_of)
    return archive.Cut(moments.right_after(event), event.meta.time)
