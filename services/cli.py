"""The `guestlist` command."""

import sys
import uuid
from collections.abc import Callable
from itertools import takewhile
from typing import Annotated

import typer
from typer.main import get_command

from services import arguments, connection, contract, output, reading, running
from services.options import HERE, Actor, Data, Development, Fields, Json, Nats, Reveal
from services.output import json_line, line, text
from services.printed import Tool, printed
from services.stop import INTERRUPTED, NO_ANSWER, REFUSED, WRONG_USE, Stop
from shared.client import Client
from shared.messages import Accepted, Answer, Command, Query

app = typer.Typer(
    name="guestlist",
    help="A private app marketplace on a message queue.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    epilog="Exit codes: 0 done, 1 refused or not well, 2 wrong use, 3 no answer (try again), "
    "130 interrupted.",
)


def _add(command: Callable[..., None], example: str) -> None:
    app.command(epilog=f"Example: {example}")(command)


_add(running.up, "guestlist up --development")
_add(running.service, "guestlist service token")
_add(running.keys, "guestlist keys /etc/guestlist/keys.json")
_add(running.doctor, "guestlist doctor")


@app.callback(invoke_without_command=True)
def guestlist(context: typer.Context) -> None:
    """Show the help when no command is given."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(WRONG_USE)


@app.command(epilog="Example: guestlist check atlassian-connect.json")
def check(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="The descriptor.")],
    development: Development = False,
    as_json: Json = False,
) -> None:
    """Tell all that is wrong with a descriptor."""
    from services.check import verdict  # here, as what it needs would slow every help

    try:
        told = verdict(source, development=development)
    except OSError as error:
        raise Stop(WRONG_USE, "no-such-file", f"{source}: {error.strerror}") from error
    if as_json:
        json_line(told.model_dump(mode="json"))
    elif told.accepted:
        line(f"{source}: {told.key} can be listed")
    for problem in () if as_json else told.problems:
        line(f"{problem['code']} {problem['path'] or '/'}: {problem['detail']}")
        line(f"  hint: {problem['hint']}")
    if not told.accepted:
        raise typer.Exit(REFUSED)


@app.command(
    epilog="Example: guestlist send RegisterPartner partner_id=acme organisation=Acme --as ann"
)
def send(
    command: Annotated[
        str,
        typer.Argument(
            metavar="COMMAND",
            show_default=False,
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
    wait: Annotated[
        bool | None,
        typer.Option(
            "--wait/--no-wait",
            show_default=False,
            help="Tell what happens until it has ended; an install is waited for unless told not.",
        ),
    ] = None,
    tool: Annotated[
        Tool | None, typer.Option("--print", help="Print the command for another tool instead.")
    ] = None,
    as_json: Json = False,
    reveal: Reveal = False,
    data: Data = HERE,
    nats: Nats = None,
) -> None:
    """Send a command and print its reply."""
    asked = arguments.request(Command.TABLE, command, fields or [])
    id_ = uuid.uuid4().hex if command_id is None else command_id
    arguments.check(actor, id_)
    if tool is not None:
        text(printed(tool, asked, actor, id_, dry_run=dry_run), reveal=reveal)
        return
    again = f"send it again with --id {id_}: it is decided once"

    waits = not dry_run and (bool(asked.ENDS) if wait is None else wait)

    async def ask(client: Client) -> None:
        after = await client.last() if waits else 0
        told = await client.send(asked, command_id=id_, dry_run=dry_run)
        reply = connection.success(told, again)
        _show(reply, waits=waits, as_json=as_json, reveal=reveal)
        if waits:
            start = 0 if reply.repeated else after
            await reading.until_ended(client, asked, reply, after=start, as_json=as_json)

    connection.ask(ask, actor, data, nats, again)


@app.command(epilog="Example: guestlist query ListTokens app_key=com.example.app --as ann")
def query(
    name: Annotated[
        str,
        typer.Argument(
            metavar="QUERY",
            show_default=False,
            help="Its name, as ListTokens; without one all are told, without fields its fields.",
        ),
    ] = "",
    fields: Fields = None,
    actor: Actor = "operator",
    as_json: Json = False,
    reveal: Reveal = False,
    data: Data = HERE,
    nats: Nats = None,
) -> None:
    """Ask a query and print its answer as JSON."""
    asked = arguments.request(Query.TABLE, name, fields or [])
    arguments.check(actor, "query")

    async def ask(client: Client) -> Answer:
        return await client.query(asked)

    answer = connection.success(connection.ask(ask, actor, data, nats, "try again"), "try again")
    json_line(answer.model_dump(mode="json") if as_json else answer.data, reveal=reveal)


_add(reading.audit, "guestlist audit --follow")
_add(reading.history, "guestlist history token/tokens/com.example.app")


@app.command(epilog="Example: guestlist explain token-limit-reached")
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="As an error names it.")],
    as_json: Json = False,
) -> None:
    """Tell what a code means, and what to do."""
    from services.codes import entry  # here, as what it needs would slow every help

    told = entry(code)
    if as_json:
        json_line(told.model_dump(mode="json"))
        return
    line(f"{told.code} ({told.kind}): {told.rule}")
    if told.hint:
        line(f"hint: {told.hint}")
    if told.next is not None:
        line(f"next: guestlist {arguments.way(told.next)} {told.next}")


def main() -> None:
    """The entry point of the console command."""
    contract.load()
    output.set_up()
    code = 0
    try:
        try:
            code = _invoke(sys.argv[1:])
        except Stop as stop:
            code = stop.exit_code
            as_json = "--json" in takewhile(lambda given: given != "--", sys.argv)
            output.problem(stop.code, stop.detail, stop.hint, as_json=as_json)
    except BrokenPipeError:
        output.give_up(sys.stdout, sys.stderr)
    sys.exit(code)


def _show(reply: Accepted, *, waits: bool, as_json: bool, reveal: bool) -> None:
    """Print a reply, without its events when these are told as they come."""
    if as_json:
        json_line(reply.model_dump(mode="json"), reveal=reveal)
        return
    verdict = "would be accepted" if reply.dry_run else f"accepted {reply.command_id}"
    line(verdict + (" (already done, same reply)" * reply.repeated))
    for event in () if waits else reply.events:
        line(f"  {event.type} {event.id}")
    if reply.result:
        json_line(reply.result, reveal=reveal)


def _invoke(given: list[str]) -> int:
    """Run the command, for its exit code."""
    command = get_command(app)
    try:
        with command.make_context("guestlist", given) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except typer.TyperException as error:
        place = getattr(getattr(error, "ctx", None), "command_path", "guestlist")
        raise Stop(WRONG_USE, "wrong-use", error.format_message(), f"{place} --help") from None
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except OSError as error:
        output.give_up(sys.stdout)
        raise Stop(NO_ANSWER, "failed", str(error)) from error
    return 0
