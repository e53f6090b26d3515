"""The commands that run servers and services, make what these need, and look how they are."""

import asyncio
import importlib
from pathlib import Path
from typing import Annotated

import typer

from services.cli import arguments, complete, connection
from services.cli.archiving import load
from services.cli.forms import Printer
from services.cli.options import HERE, Data, Development, Nats
from services.cli.output import Row, line
from services.cli.stop import INTERRUPTED, NO_ANSWER, REFUSED, WRONG_USE, Stop
from services.cli.told import KeyFile, Up
from services.contract import GATEWAY, SERVICES

LEAST_FREE = 1024
"""MiB that a disk needs free."""
_FIRST = "operator"
"""The account that signs in over HTTP from the start."""


def up(
    data: Data = HERE,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="Port of NATS; the one before, at first 4222 or the next free one.",
        ),
    ] = None,
    http_port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            envvar="GUESTLIST_HTTP_PORT",
            show_envvar=False,
            help="Port of HTTP; the one before, at first 8080 or the next free one.",
        ),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Begin with an archive of `guestlist export`."),
    ] = None,
    hooks: Annotated[
        bool | None,
        typer.Option(
            "--hooks/--no-hooks",
            envvar="GUESTLIST_HOOKS",
            show_default=False,
            help="Tell apps what becomes of them; without it only a house of an archive doesn't.",
        ),
    ] = None,
    development: Development = False,
    *,
    out: Printer,
) -> None:
    """Run NATS, the three services and the gateway here, until Ctrl-C or SIGTERM.

    With --from it is a scratch copy of a house at a moment: with a NATS, stores and keys of its
    own, so that nothing that is sent there reaches the real one. Apps are told nothing then, nor
    when it is started again.
    """
    from services.folder import AlreadyUp
    from services.ports import NotStarted
    from services.supervisor import Supervisor, stop_when_told
    from shared.settings import Settings

    try:
        settings = Settings(data=data, hooks=hooks)
    except ValueError as error:
        raise _not_started(error) from error
    if archive is not None:
        load(archive, data)
    tells = settings.tells
    environment = {"GUESTLIST_DEVELOPMENT": str(development), "GUESTLIST_HOOKS": str(tells)}

    async def run() -> None:
        stop_when_told()
        async with Supervisor(
            data, port=port, http_port=http_port, environment=environment, report=_say
        ) as running:
            place = running.url.rpartition("@")[2]
            told = f"up: {', '.join(SERVICES)} on {place}, {running.http}, data in {data}"
            password = _first_account(data)
            rows: list[Row] = [(told,)]
            if password is not None:
                rows.append((f"sign in over HTTP as {_FIRST} with {password}, shown only now",))
            if not tells:
                rows.append(("apps are told nothing of their life: see --hooks",))
            up = Up(
                services=SERVICES,
                nats=place,
                http=running.http,
                password=password,
                data=data,
                hooks=tells,
            )
            out.tell(up, rows)
            await running.until_told_to_stop()

    try:
        asyncio.run(run())
    except AlreadyUp as error:
        hint = "stop it, or give another --data"
        raise Stop(WRONG_USE, "already-up", str(error), hint) from error
    except NotStarted as error:
        hint = "look into the logs, or whether something else runs there"
        raise Stop(NO_ANSWER, "not-started", str(error), hint) from error
    except asyncio.CancelledError:
        raise typer.Exit(INTERRUPTED) from None


def service(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            autocompletion=complete.services,
            help=f"One of {', '.join(SERVICES)}, or {GATEWAY}.",
        ),
    ],
    *,
    out: Printer,
) -> None:
    """Run one service or the gateway, set up by GUESTLIST_… variables."""
    from shared.settings import Settings

    del out  # it only logs
    if name != GATEWAY:
        arguments.service(name)
    try:
        folder = Settings().data
        if name != GATEWAY and not folder.is_dir():
            raise FileNotFoundError(f"there is no folder {folder}")
        importlib.import_module(f"services.{name}.app").main()
    except (OSError, ValueError) as error:
        raise _not_started(error) from error


def keys(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Where the key file goes.")],
    stores: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Make none where a store is: its own is gone."),
    ] = None,
    *,
    out: Printer,
) -> None:
    """Make the file of the keys that sign tokens, unless it is there."""
    from services.folder import KeysGone, make_keys

    try:
        made = make_keys(path, stores)
    except KeysGone as error:
        raise Stop(REFUSED, "keys-gone", str(error), "without, no token is good any more") from None
    except ValueError as error:
        raise Stop(REFUSED, "no-keys", str(error), "put a copy there, or name another") from None
    row = f"made {path}: keep a copy, apart from the stores" if made else f"{path} is there already"
    out.tell(KeyFile(path=path, made=made), [(row,)])


def doctor(
    least_free: Annotated[
        int, typer.Option("--least-free", min=0, metavar="MIB", help="Space that the disk needs.")
    ] = LEAST_FREE,
    data: Data = HERE,
    nats: Nats = None,
    *,
    out: Printer,
) -> None:
    """Look whether all is well that a house needs, and tell the mend."""
    from services.cli.doctor import examine

    url = connection.server(data) if nats is None else nats

    async def look() -> bool:
        well = True
        async for finding in examine(url, data if data.is_dir() else None, least_free=least_free):
            well = well and finding.well
            rows: list[Row] = [("ok" if finding.well else "WRONG", finding.check, finding.detail)]
            if finding.mend:
                rows.append(("", "mend", finding.mend))
            out.tell(finding, rows, least=(5, 8))
        return well

    if not asyncio.run(look()):
        raise typer.Exit(REFUSED)


def _not_started(error: Exception) -> Stop:
    """What to raise for settings that are none, and for what isn't there."""
    from pydantic import ValidationError

    detail = arguments.problems(error) if isinstance(error, ValidationError) else str(error)
    hint = "settings are GUESTLIST_… in the environment; guestlist up makes keys and folder"
    return Stop(WRONG_USE, "not-started", detail, hint)


def _first_account(data: Path) -> str | None:
    """The password of the first account, made unless there was one ever."""
    from services.accounts import Accounts

    accounts = Accounts(data)
    return None if accounts.begun else accounts.add(_FIRST)


def _say(text: str) -> None:
    line(text, error=True)
