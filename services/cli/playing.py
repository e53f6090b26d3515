"""The command that plays a file of steps and tells what held."""

import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import connection
from services.cli.forms import Printer
from services.cli.options import HERE, PATIENCE, Data, Nats, Timeout
from services.cli.stop import REFUSED, WRONG_USE, Stop
from services.cli.told import Held

if TYPE_CHECKING:
    from shared.client import Client

WITHIN = 5.0
"""Seconds in which an event has to be seen."""


def play(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The play, in YAML.")],
    parameters: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the play."),
    ] = None,
    id_: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="ID", help="Begins all command ids; the same again is done once."
        ),
    ] = None,
    within: Annotated[
        float, typer.Option(min=0.1, help="Seconds in which an event has to be seen.")
    ] = WITHIN,
    timeout: Timeout = PATIENCE,
    data: Data = HERE,
    nats: Nats = None,
    *,
    out: Printer,
) -> None:
    """Play a file of steps, and tell what held."""
    from services.play.player import Player  # here, as what it needs would slow every help
    from services.play.script import BadPlay, read

    try:
        asked = read(file)
        values = asked.values(_given(parameters or []))
        asked.check(values)
    except OSError as error:
        hint = "give a file that can be read"
        raise Stop(WRONG_USE, "no-such-file", f"{file}: {error.strerror}", hint) from error
    except BadPlay as error:
        hint = "docs/plays.md tells how plays are written"
        raise Stop(WRONG_USE, "bad-play", f"{file}: {error}", hint) from error
    begun, run = time.monotonic(), id_ or uuid.uuid4().hex
    again = f"play it again with --id {run}: what was done is not done twice"

    async def perform(client: "Client") -> bool:
        out.say(f"{asked.title}, played as {run}")
        player = Player(client, asked, values, id_=run, within=within, say=out.say)
        try:
            await player.play(after=await client.last() if id_ is None else 0)
        finally:
            _tell(out, player.held, time.monotonic() - begun)
        return all(row.held for row in player.held)

    if not connection.ask(perform, "player", data, nats, again, timeout):
        raise typer.Exit(REFUSED)


def _tell(out: Printer, held: list[Held], seconds: float) -> None:
    """Print what held, and what was missing."""
    out.say("")
    width = max((len(row.sentence) for row in held), default=0)
    for row in held:
        out.tell(row, [(row.sentence, "yes" if row.held else "NO")], least=(width,))
    missing = [row for row in held if not row.held]
    for row in missing:
        out.say(f"missing: {row.sentence}: {row.missing}")
    verdict = f"{len(missing)} of {len(held)} didn't hold" if missing else "everything held"
    out.say(f"{verdict}, in {seconds:.1f} s")


def _given(parameters: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for text in parameters:
        name, equals, value = text.partition("=")
        if not equals:
            hint = "write --set NAME=VALUE for each parameter"
            raise Stop(WRONG_USE, "wrong-use", f"--set: {text} is no NAME=VALUE", hint)
        given[name] = value
    return given
