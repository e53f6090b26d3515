"""The `guestlist` command."""

import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import typer
from typer.main import get_command

from services import contract
from services.cli import (
    accounts,
    api_keys,
    archiving,
    asking,
    audit,
    delivering,
    history,
    letters,
    looking,
    opening,
    output,
    playing,
    replaying,
    running,
    told,
    verifying,
)
from services.cli.forms import as_json, formed
from services.cli.stop import INTERRUPTED, NO_ANSWER, REFUSED, WRONG_USE, Stop
from services.installation.queries import Delivery, PageView
from shared.dead_letters import DeadLetter
from shared.errors import Damaged
from shared.messages import Accepted, Answered

app = typer.Typer(
    name="guestlist",
    help="A private app marketplace on a message queue.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 done, 1 refused or not well, 2 wrong use, 3 no answer (try again), "
    "130 interrupted.",
)


class Registered(NamedTuple):
    """A command, what stands as an example in its help, and the type of what it tells as JSON."""

    function: Callable[..., None]
    tells: Any
    example: str

    @property
    def name(self) -> str:
        """As it is typed."""
        return self.function.__name__.rstrip("_").replace("_", "-")


COMMANDS = (
    Registered(running.up, told.Up, "up --development"),
    Registered(running.service, None, "service token"),
    Registered(running.keys, told.KeyFile, "keys keys.json"),
    Registered(running.doctor, list[told.Finding], "doctor"),
    Registered(looking.check, told.Verdict, "check atlassian-connect.json"),
    Registered(
        asking.send,
        Accepted | told.Kept,
        "send RegisterPartner partner_id=acme organisation=Acme --as ann",
    ),
    Registered(asking.query, Answered, "query ListTokens app_key=com.example.app --as ann"),
    Registered(
        audit.audit,
        list[told.ToldEvent | told.ToldRefusal],
        "audit --since 2h --app com.example.app",
    ),
    Registered(
        history.history,
        list[told.ToldTransition | told.ToldState | told.ToldNode],
        "history token/tokens/com.example.app",
    ),
    Registered(replaying.replay, list[told.ToldDifference], "replay"),
    Registered(verifying.verify, list[told.Looked], "verify"),
    Registered(verifying.seal, told.Sealed, "seal seal.json"),
    Registered(archiving.export, told.Archived, "export house.jsonl --as-of 2h"),
    Registered(archiving.import_, told.Archived, "import house.jsonl --data scratch"),
    Registered(playing.play, list[told.Held], "play site.yaml --set product=jira"),
    Registered(letters.dead_letters, list[DeadLetter], "dead-letters list token"),
    Registered(delivering.deliveries, list[Delivery], "deliveries site-a com.example.app --as bob"),
    Registered(opening.open_, PageView, "open site-a com.example.app --as bob"),
    Registered(accounts.account, list[told.Account], "account list"),
    Registered(api_keys.api_key, list[told.Key], "api-key list ann"),
    Registered(looking.explain, told.Entry, "explain token-limit-reached"),
    Registered(looking.docs, list[told.Document], "docs"),
)
for _command in COMMANDS:
    app.command(_command.name, epilog=f"Example: guestlist {_command.example}")(
        formed(_command.function, _command.tells)
    )


@app.callback(invoke_without_command=True)
def guestlist(context: typer.Context) -> None:
    """Show the help when no command is given."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(WRONG_USE)


def main() -> None:
    """The entry point of the console command."""
    output.set_up()
    if "_GUESTLIST_COMPLETE" in os.environ:  # a shell asks what could be typed
        app()
    contract.load()
    sys.exit(run(sys.argv[1:]))


def run(typed: list[str]) -> int:
    """Run a command as it was typed, for its exit code."""
    code = 0
    try:
        try:
            code = _invoke(typed)
        except Stop as stop:
            code = stop.exit_code
            output.problem(_problem(stop), as_json=as_json(typed))
    except BrokenPipeError:
        output.give_up(sys.stdout, sys.stderr)
    return code


def _problem(stop: Stop) -> told.Problem:
    return told.Problem(
        code=stop.code,
        detail=stop.detail,
        hint=stop.hint,
        next=stop.next,
        docs=f"docs/codes.md#{stop.code}",
    )


def _invoke(typed: list[str]) -> int:
    """Run the command, for its exit code."""
    command = get_command(app)
    try:
        with command.make_context("guestlist", typed) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except typer.TyperException as error:
        place = getattr(getattr(error, "ctx", None), "command_path", "guestlist")
        detail = error.format_message()
        raise Stop(WRONG_USE, "wrong-use", detail, "see", f"{place} --help") from None
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Damaged as error:
        hint = "look what else isn't as it was; copy a store with all its files"
        raise Stop(REFUSED, "damaged", str(error), hint, "guestlist verify") from None
    except OSError as error:
        output.give_up(sys.stdout)
        hint = "look whether there is room, and the right to read and write; then try again"
        raise Stop(NO_ANSWER, "failed", str(error), hint) from error
    except Exception as error:
        from eventsourcing.persistence import OperationalError, PersistenceError

        if not isinstance(error, PersistenceError):
            raise
        if isinstance(error, OperationalError):
            hint = "look whether there is room, and whether something else keeps it; then try again"
            raise Stop(NO_ANSWER, "failed", f"a store failed: {error}", hint) from error
        hint = "take it from a backup, with all its files"
        raise Stop(REFUSED, "damaged", f"a store can't be read: {error}", hint) from error
    return 0
