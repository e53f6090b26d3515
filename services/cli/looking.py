"""The commands that need no server: judge a descriptor, explain a code, write the documents."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli import arguments, complete
from services.cli.forms import Printer
from services.cli.options import Development
from services.cli.output import Row
from services.cli.stop import REFUSED, WRONG_USE, Stop
from services.cli.told import Document


def check(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="The descriptor.")],
    development: Development = False,
    *,
    out: Printer,
) -> None:
    """Tell all that is wrong with a descriptor."""
    from services.cli.check import verdict  # here, as what it needs would slow every help

    try:
        told = verdict(source, development=development)
    except OSError as error:
        hint = "give a file that can be read, or a URL"
        raise Stop(WRONG_USE, "no-such-file", f"{source}: {error.strerror}", hint) from error
    rows: list[Row] = [(f"{source}: {told.key} can be listed",)] if told.accepted else []
    for problem in told.problems:
        rows.append((f"{problem['code']} {problem['path'] or '/'}: {problem['detail']}",))
        rows.append((f"  hint: {problem['hint']}",))
    out.tell(told, rows)
    if not told.accepted:
        raise typer.Exit(REFUSED)


def explain(
    code: Annotated[
        str,
        typer.Argument(metavar="CODE", autocompletion=complete.codes, help="As an error names it."),
    ],
    *,
    out: Printer,
) -> None:
    """Tell what a code means, and what to do."""
    from services.cli.codes import entry  # here, as what it needs would slow every help

    told = entry(code)
    rows: list[Row] = [(f"{told.code} ({told.kind}): {told.rule}",)]
    if told.hint:
        rows.append((f"hint: {told.hint}",))
    if told.next is not None:
        rows.append((f"next: guestlist {arguments.way(told.next)} {told.next}",))
    out.tell(told, rows)


def docs(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", file_okay=False, help="Where the documents go.")
    ] = Path("docs"),
    *,
    out: Printer,
) -> None:
    """Write the documents of all messages, codes and HTTP: AsyncAPI and OpenAPI too."""
    from services.documents.pages import files

    for name, text in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        out.tell(Document(path=path), [(str(path),)])
