"""The commands that run servers and services here, and make what these need."""

import asyncio
import importlib
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from services import arguments
from services.contract import SERVICES
from services.options import HERE, Data, Development
from services.output import line
from services.stop import INTERRUPTED, NO_ANSWER, WRONG_USE, Stop
from services.supervisor import AlreadyUp, NotStarted, Supervisor, stop_when_told
from shared.keys import Keys
from shared.settings import Settings


def up(
    data: Data = HERE,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of NATS; 4222 or the next free one."),
    ] = None,
    development: Development = False,
) -> None:
    """Run NATS and the three services here, until Ctrl-C or SIGTERM."""
    environment = {"GUESTLIST_DEVELOPMENT": str(development)}

    async def run() -> None:
        stop_when_told()
        async with Supervisor(data, port=port, environment=environment, report=_say) as running:
            line(f"up: {', '.join(SERVICES)} on {running.url.rpartition('@')[2]}, data in {data}")
            await running.until_told_to_stop()

    try:
        asyncio.run(run())
    except AlreadyUp as error:
        hint = "stop it, or give another --data"
        raise Stop(WRONG_USE, "already-up", str(error), hint) from error
    except NotStarted as error:
        raise Stop(NO_ANSWER, "not-started", str(error)) from error
    except asyncio.CancelledError:
        raise typer.Exit(INTERRUPTED) from None


def service(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(SERVICES)}.")],
) -> None:
    """Run one service, set up by GUESTLIST_… variables."""
    if name not in SERVICES:
        hint = f"one of {', '.join(SERVICES)}"
        raise Stop(WRONG_USE, "unknown-service", f"there is no {name}", hint)
    try:
        folder = Settings().data
        if not folder.is_dir():
            raise FileNotFoundError(f"there is no folder {folder}")
        importlib.import_module(f"services.{name}.app").main()
    except (OSError, ValueError) as error:
        detail = arguments.problems(error) if isinstance(error, ValidationError) else str(error)
        hint = "settings are GUESTLIST_… in the environment; guestlist up makes keys and folder"
        raise Stop(WRONG_USE, "not-started", detail, hint) from error


def keys(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Where the key file goes.")],
) -> None:
    """Make the file of the keys that sign tokens, unless it is there."""
    try:
        Keys.make(path)
    except FileExistsError:
        Keys.read(path)
        line(f"{path} is there already")
    else:
        line(f"made {path}: keep a copy, apart from the stores")


def _say(text: str) -> None:
    line(text, error=True)
