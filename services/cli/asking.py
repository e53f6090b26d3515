"""The commands that ask the services: send a command, ask a query."""

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import arguments, complete, connection
from services.cli.forms import Printer
from services.cli.options import HERE, PATIENCE, Actor, Data, Fields, Nats, Reveal, Timeout
from services.cli.output import Row, line, text
from services.cli.printed import Tool, printed
from services.cli.stop import WRONG_USE, Stop
from services.cli.tables import cells, rows
from services.cli.times import ago
from services.cli.told import Kept
from shared.errors import SecretNotDurable
from shared.messages import Accepted, Answer, Command, Query
from shared.names import iso

if TYPE_CHECKING:
    from shared.client import Client

_AGAIN = "try again"


def send(
    command: Annotated[
        str,
        typer.Argument(
            metavar="COMMAND",
            show_default=False,
            autocompletion=complete.commands,
            help="Its name, as CreateToken; without one all are told, without fields its fields.",
        ),
    ] = "",
    fields: Fields = None,
    actor: Actor = "operator",
    command_id: Annotated[
        str | None, typer.Option("--id", help="Command id; the same id is decided once.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would happen: nothing is kept.")
    ] = False,
    durable: Annotated[
        bool,
        typer.Option("--durable", help="Let it be kept until its service decides it; don't wait."),
    ] = False,
    wait: Annotated[
        bool | None,
        typer.Option(
            "--wait/--no-wait",
            show_default=False,
            help="Tell what happens until it has ended; an install is waited for unless told not.",
        ),
    ] = None,
    trace: Annotated[
        bool,
        typer.Option("--trace", help="As --wait, but tell what led to what, and when."),
    ] = False,
    tool: Annotated[
        Tool | None, typer.Option("--print", help="Print the command for another tool instead.")
    ] = None,
    reveal: Reveal = False,
    timeout: Timeout = PATIENCE,
    data: Data = HERE,
    nats: Nats = None,
    *,
    out: Printer,
) -> None:
    """Send a command and print its reply.

    Events that are waited for are printed too, as JSON by -o jsonl only.
    """
    asked = arguments.request(Command.TABLE, command, fields or [])
    id_ = uuid.uuid4().hex if command_id is None else command_id
    arguments.check(actor, id_)
    others = {"--dry-run": dry_run, "--wait": wait, "--trace": trace, "--print": tool}
    if durable and any(others.values()):
        other = next(name for name, given in others.items() if given)
        raise Stop(WRONG_USE, "wrong-use", f"--durable goes without {other}", "give one of them")
    if tool is not None:
        text(printed(tool, asked, actor, id_, dry_run=dry_run), reveal=reveal)
        return
    if durable:
        _enqueue(asked, actor, id_, data, nats, timeout, out)
        return
    out.reveal = reveal
    again = f"send it again with --id {id_}: it is decided once"
    waits = not dry_run and (trace or (bool(asked.ENDS) if wait is None else wait))

    async def ask(client: "Client") -> None:
        after = await client.last() if waits else 0
        told = await client.send(asked, command_id=id_, dry_run=dry_run)
        reply = connection.success(told, again)
        out.tell(reply, _rows(reply, waits=waits))
        if waits:
            from services.cli.reading import until_ended

            start = 0 if reply.repeated else after
            await until_ended(out, client, asked, reply, after=start, trace=trace)

    connection.ask(ask, actor, data, nats, again, timeout)


def query(
    name: Annotated[
        str,
        typer.Argument(
            metavar="QUERY",
            show_default=False,
            autocompletion=complete.queries,
            help="Its name, as ListTokens; without one all are told, without fields its fields.",
        ),
    ] = "",
    fields: Fields = None,
    actor: Actor = "operator",
    reveal: Reveal = False,
    timeout: Timeout = PATIENCE,
    data: Data = HERE,
    nats: Nats = None,
    *,
    out: Printer,
) -> None:
    """Ask a query and print its answer."""
    asked = arguments.request(Query.TABLE, name, fields or [])
    arguments.check(actor, "query")

    async def ask(client: "Client") -> Answer:
        return await client.query(asked)

    told = connection.ask(ask, actor, data, nats, _AGAIN, timeout)
    answer = connection.success(told, _AGAIN)
    out.reveal = reveal
    time = ago if out.on_terminal else iso
    shown = rows(answer.read(asked.ANSWER), time)
    out.tell(answer, shown)
    if not shown and out.for_people:
        line("there is none", error=True)


def _enqueue(
    command: Command,
    actor: str,
    id_: str,
    data: Path,
    nats: str | None,
    timeout: float,
    out: Printer,
) -> None:
    if command.SECRET:
        known = SecretNotDurable()
        raise Stop(WRONG_USE, known.code, known.detail, known.hint)

    async def ask(client: "Client") -> None:
        await client.enqueue(command, actor=actor, command_id=id_)

    connection.ask(ask, actor, data, nats, f"send it again with --id {id_}", timeout)
    row = (f"kept {id_}: it is decided once, as soon as {command.SERVICE} is there",)
    out.tell(Kept(command_id=id_), [row])


def _rows(reply: Accepted, *, waits: bool) -> list[Row]:
    """A reply for people, without its events when these are told as they come."""
    verdict = "would be accepted" if reply.dry_run else f"accepted {reply.command_id}"
    told: list[Row] = [(verdict + " (already done, same reply)" * reply.repeated,)]
    told += [(f"  {event.type} {event.id}",) for event in (() if waits else reply.events)]
    return told + [(f"  {name}: {text}",) for name, text in cells(reply.result).items()]
