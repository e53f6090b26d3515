"""The command that deals with the API keys with which programs sign in over HTTP."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import arguments, complete
from services.cli.complete import ACCOUNT_VERBS
from services.cli.forms import Printer
from services.cli.options import HERE, Data
from services.cli.output import Row, line
from services.cli.stop import REFUSED, WRONG_USE, Stop
from services.cli.times import ago
from services.cli.told import Key
from shared import clock
from shared.names import iso

if TYPE_CHECKING:
    from services.accounts import Accounts, KeptKey
    from services.api_keys import Scope

_LEAST = (14, 10, 24)
"""Widths of columns."""
_FIND = "guestlist api-key"


def api_key(
    verb: Annotated[
        str,
        typer.Argument(
            metavar="VERB",
            autocompletion=complete.account_verbs,
            help="list; add one to an account, which is shown once; or remove one by its id.",
        ),
    ] = "list",
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            show_default=False,
            help="An account, to list its keys or to add one; or the id of a key, to remove it.",
        ),
    ] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            autocompletion=complete.scopes,
            help="What it is for: sites:read, sites:write, apps:read, apps:write, metrics:read. "
            "Give it again for more; who may write may read.",
        ),
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help="Who or what has it.")] = None,
    days: Annotated[
        int | None,
        typer.Option("--expires", metavar="DAYS", min=1, max=36500, help="Days until it expires."),
    ] = None,
    data: Data = HERE,
    *,
    out: Printer,
) -> None:
    """Deal with API keys, by which programs sign in over HTTP as an account, for some things."""
    from services.accounts import Accounts, BeyondRole, NoAccount, NoKey

    arguments.folder(data)
    accounts = Accounts(data)
    try:
        match verb, name:
            case "list", _:
                _list(accounts, name, out)
            case "add", str():
                _check(note)
                life = None if days is None else timedelta(days=days)
                _add(accounts, name, _scopes(scopes or []), note, life, out)
            case "remove", str():
                accounts.remove_key(name)
                out.tell(Key(id=name), [(f"nobody signs in with {name} any more",)])
            case _ if verb in ACCOUNT_VERBS:
                wanted = "an account" if verb == "add" else "the id of a key"
                detail = f"{verb} wants {wanted}"
                raise Stop(WRONG_USE, "bad-request", detail, "find them", _FIND)
            case _:
                raise arguments.no_such(verb, ACCOUNT_VERBS)
    except NoAccount as error:
        raise Stop(
            REFUSED, "no-account", str(error), "see which there are", "guestlist account"
        ) from error
    except BeyondRole as error:
        hint = "leave that scope out, or add another account for it"
        raise Stop(REFUSED, "beyond-role", str(error), hint, "guestlist account") from error
    except NoKey as error:
        raise Stop(REFUSED, "no-key", str(error), "see which there are", _FIND) from error


def _list(accounts: "Accounts", name: str | None, out: Printer) -> None:
    kept = [row for row in accounts.keys if name in (None, row.account)]
    for row in kept:
        out.tell(_told(row), [_row(row, out)], least=_LEAST)
    if not kept and out.for_people:
        line("there is none", error=True)


def _add(
    accounts: "Accounts",
    name: str,
    scopes: "list[Scope]",
    note: str | None,
    life: timedelta | None,
    out: Printer,
) -> None:
    made = accounts.add_key(name, scopes, now=clock.now(), note=note, life=life)
    told = Key(account=name, id=made.id, key=made.text, **made.key.model_dump(exclude={"hash"}))
    out.tell(told, [(name, made.id, made.text)])
    line("the key is shown only now", error=True)


def _scopes(typed: list[str]) -> "list[Scope]":
    """Raises Stop when there is none, or one that isn't known."""
    from services.api_keys import SCOPES

    known = [scope for scope in SCOPES if scope in typed]
    for scope in typed:
        if scope not in known:
            raise arguments.no_such(scope, SCOPES)
    if not known:
        detail, hint = "a key is for something", f"give --scope, one of {', '.join(SCOPES)}"
        raise Stop(WRONG_USE, "bad-request", detail, hint)
    return known


def _check(note: str | None) -> None:
    """Raises Stop when no key can have that note."""
    from pydantic import TypeAdapter, ValidationError

    from services.api_keys import Note

    try:
        TypeAdapter[str | None](Note | None).validate_python(note)
    except ValidationError as error:
        detail, hint = f"--note: {error.errors()[0]['msg']}", "say in a few words who has the key"
        raise Stop(WRONG_USE, "bad-request", detail, hint) from None


def _told(kept: "KeptKey") -> Key:
    return Key(account=kept.account, id=kept.id, **kept.key.model_dump(exclude={"hash"}))


def _row(kept: "KeptKey", out: Printer) -> Row:
    time = ago if out.on_terminal else iso
    key = kept.key
    ends = "never expires" if key.expires is None else f"expires {time(key.expires)}"
    return kept.account, kept.id, " ".join(key.scopes), ends, key.note or ""
