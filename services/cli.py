"""The `guestlist` command."""

import asyncio
import importlib
import json
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from pydantic_core import to_json

from services import contract
from services.contract import SERVICES
from services.output import json_line, line
from services.supervisor import AlreadyUp, NotStarted, Supervisor
from shared.client import Client, NoReply
from shared.messages import (
    Accepted,
    Answer,
    Answered,
    Command,
    Failed,
    Query,
    Refused,
    Reply,
    Request,
)
from shared.names import iso

app = typer.Typer(
    name="guestlist",
    help="A private app marketplace on a message queue.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    epilog="Exit codes: 0 done, 1 refused, 2 wrong use, 3 no answer (try again), 130 interrupted.",
)

REFUSED, WRONG_USE, NO_ANSWER, INTERRUPTED = 1, 2, 3, 130
R = TypeVar("R", bound=Request)
T = TypeVar("T")

Data = Annotated[
    Path, typer.Option("--data", envvar="GUESTLIST_DATA", help="Folder of `guestlist up`.")
]
Nats = Annotated[
    str | None,
    typer.Option("--nats", envvar="GUESTLIST_NATS", help="Server address, else the folder's."),
]
Actor = Annotated[str, typer.Option("--as", metavar="ACCOUNT", help="The account that asks.")]
Fields = Annotated[
    list[str] | None,
    typer.Argument(metavar="FIELD=VALUE…", help="Fields, or one JSON object with all of them."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Print tokens whole.")]
HERE = Path(".guestlist")


@app.command(epilog="Example: guestlist up --development")
def up(
    data: Data = HERE,
    port: Annotated[
        int | None, typer.Option(help="Port of NATS; 4222 or the next free one.")
    ] = None,
    development: Annotated[
        bool, typer.Option("--development", help="Take descriptors by http from this machine.")
    ] = False,
) -> None:
    """Run NATS and the three services here, until Ctrl-C."""
    environment = {"GUESTLIST_DEVELOPMENT": str(development)}

    async def run() -> None:
        async with Supervisor(data, port=port, environment=environment, report=_say) as running:
            line(f"up: {', '.join(SERVICES)} on {running.url.rpartition('@')[2]}, data in {data}")
            await running.until_told_to_stop()

    try:
        _run(run())
    except AlreadyUp as error:
        raise Stop(
            WRONG_USE, "already-up", str(error), "stop it, or give another --data"
        ) from error
    except NotStarted as error:
        raise Stop(NO_ANSWER, "not-started", str(error)) from error


@app.command(epilog="Example: guestlist service token")
def service(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(SERVICES)}.")],
) -> None:
    """Run one service, set up by GUESTLIST_… in the environment."""
    if name not in SERVICES:
        raise Stop(WRONG_USE, "unknown-service", f"no service {name}", f"try {', '.join(SERVICES)}")
    importlib.import_module(f"services.{name}.app").main()


@app.command(
    epilog="Example: guestlist send RegisterPartner partner_id=acme organisation=Acme --as ann"
)
def send(
    command: Annotated[str, typer.Argument(metavar="COMMAND", help="Its name, as CreateToken.")],
    fields: Fields = None,
    actor: Actor = "operator",
    command_id: Annotated[
        str | None, typer.Option("--id", help="Command id; the same id is decided once.")
    ] = None,
    as_json: Json = False,
    reveal: Reveal = False,
    data: Data = HERE,
    nats: Nats = None,
) -> None:
    """Send a command and print its reply."""
    asked = _request(Command.TABLE, command, fields or [])

    async def run() -> Reply:
        async with await Client.open(_url(data, nats), actor) as client:
            return await client.send(asked, command_id=command_id)

    reply = _run(run())
    _end(reply)
    if as_json:
        json_line(reply.model_dump(mode="json"), reveal=reveal)
    elif isinstance(reply, Accepted):
        line(f"accepted {reply.command_id}" + (" (already done, same reply)" * reply.repeated))
        for event in reply.events:
            line(f"  {event.type} {event.id}")
        if reply.result:
            json_line(reply.result, reveal=reveal)


@app.command(epilog="Example: guestlist query ListTokens app_key=com.example.app --as ann")
def query(
    name: Annotated[str, typer.Argument(metavar="QUERY", help="Its name, as ListTokens.")],
    fields: Fields = None,
    actor: Actor = "operator",
    as_json: Json = False,
    reveal: Reveal = False,
    data: Data = HERE,
    nats: Nats = None,
) -> None:
    """Ask a query and print its answer as JSON."""
    asked = _request(Query.TABLE, name, fields or [])

    async def run() -> Answer:
        async with await Client.open(_url(data, nats), actor) as client:
            return await client.query(asked)

    answer = _run(run())
    _end(answer)
    if isinstance(answer, Answered):
        json_line(answer.model_dump(mode="json") if as_json else answer.data, reveal=reveal)


@app.command(epilog="Example: guestlist audit --follow")
def audit(
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what happens.")] = False,
    as_json: Json = False,
    data: Data = HERE,
    nats: Nats = None,
) -> None:
    """Print every event since the beginning."""

    async def run() -> None:
        async with await Client.open(_url(data, nats), "auditor") as client:
            async for event in client.events(follow=follow):
                if as_json:
                    json_line(event.attributes() | {"data": json.loads(event.body)})
                else:
                    known = event.event()
                    told = event.body.decode() if known is None else known.summary()
                    line(f"{iso(event.meta.time)}  {event.topic:35} {event.meta.actor:12} {told}")

    _run(run())


class Stop(Exception):
    """Ends the command with an exit code and a message on stderr."""

    def __init__(self, exit_code: int, code: str, detail: str, hint: str = "") -> None:
        super().__init__(detail)
        self.exit_code = exit_code
        self.error = {"code": code, "detail": detail, "hint": hint}

    def show(self, *, as_json: bool) -> None:
        """Print what went wrong and what to do."""
        if as_json:
            line(to_json(self.error).decode(), error=True)
            return
        line(f"{self.error['code']}: {self.error['detail']}", error=True)
        if self.error["hint"]:
            line(f"hint: {self.error['hint']}", error=True)


def main() -> None:
    """The entry point of the console command."""
    contract.load()
    try:
        app()
    except Stop as stop:
        stop.show(as_json="--json" in sys.argv)
        sys.exit(stop.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _request(table: dict[tuple[str, str], type[R]], name: str, fields: list[str]) -> R:
    kinds = {kind.__name__: kind for kind in table.values()}
    if name not in kinds:
        raise Stop(WRONG_USE, "unknown-name", f"no {name}", f"try {', '.join(sorted(kinds))}")
    try:
        if len(fields) == 1 and fields[0].startswith("{"):
            return kinds[name].model_validate_json(fields[0])
        pairs = dict(field.split("=", 1) for field in fields)
        return kinds[name].model_validate_strings(pairs)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()
        )
        known = f"fields: {', '.join(kinds[name].model_fields)}"
        raise Stop(WRONG_USE, "bad-request", wrong, known) from None
    except ValueError:
        raise Stop(WRONG_USE, "bad-request", "a field is no FIELD=VALUE") from None


def _url(data: Path, nats: str | None) -> str:
    if nats is not None:
        return nats
    try:
        return str(json.loads((data / "connection.json").read_text())["nats"])
    except FileNotFoundError:
        detail = f"nothing runs on {data}"
        raise Stop(NO_ANSWER, "not-up", detail, "start it: guestlist up") from None


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(work)
    except NoReply as error:
        raise Stop(NO_ANSWER, "no-reply", str(error), "is it up? guestlist up") from error
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except ValueError as error:
        raise Stop(WRONG_USE, "bad-request", str(error)) from error


def _end(reply: Reply | Answer) -> None:
    match reply:
        case Refused():
            raise Stop(REFUSED, reply.code, reply.detail, reply.hint)
        case Failed():
            raise Stop(NO_ANSWER, reply.code, reply.detail, "try again")


def _say(text: str) -> None:
    line(text, error=True)
