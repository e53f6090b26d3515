"""The commands that run servers and services, make what these need, and look how they are."""

import asyncio
import importlib
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from services import arguments, connection
from services.contract import SERVICES
from services.doctor import LEAST_FREE, examine
from services.options import HERE, Data, Development, Json, Nats
from services.output import json_line, line
from services.stop import INTERRUPTED, NO_ANSWER, REFUSED, WRONG_USE, Stop
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


def doctor(
    least_free: Annotated[
        int, typer.Option("--least-free", min=0, metavar="MIB", help="Space that the disk needs.")
    ] = LEAST_FREE,
    as_json: Json = False,
    data: Data = HERE,
    nats: Nats = None,
) -> None:
    """Look whether NATS, the services, the stream, clocks and disk are well, and how to mend."""
    url = connection.server(data) if nats is None else nats

    async def look() -> bool:
        well = True
        async for finding in examine(url, data if data.is_dir() else None, least_free=least_free):
            well = well and finding.well
            if as_json:
                json_line(finding.model_dump(mode="json"))
                continue
            line(f"{'ok' if finding.well else 'WRONG':5}  {finding.check:8}  {finding.detail}")
            if finding.mend:
                line(f"       mend: {finding.mend}")
        return well

    if not asyncio.run(look()):
        raise typer.Exit(REFUSED)


def _say(text: str) -> None:
    line(text, error=True)
