"""The command that deals with the accounts that may ask over HTTP."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import arguments, complete
from services.cli.complete import ACCOUNT_VERBS
from services.cli.forms import Printer
from services.cli.options import HERE, Data
from services.cli.output import line
from services.cli.stop import REFUSED, WRONG_USE, Stop
from services.cli.told import Account
from shared.names import AccountId

if TYPE_CHECKING:
    from services.api_keys import Role

_LEAST = (14, 10)
"""Widths of columns."""


def account(
    verb: Annotated[
        str,
        typer.Argument(
            metavar="VERB",
            autocompletion=complete.account_verbs,
            help="list; add one, with a password that is shown once; or remove one.",
        ),
    ] = "list",
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", show_default=False, help="Of the account.")
    ] = None,
    role: Annotated[
        str,
        typer.Option(
            "--role",
            metavar="ROLE",
            autocompletion=complete.roles,
            help="What a new one is for: partner, site-admin, reader (looks at all), or any.",
        ),
    ] = "any",
    data: Data = HERE,
    *,
    out: Printer,
) -> None:
    """Deal with the accounts that sign in over HTTP; a change counts from the next request on."""
    from services.accounts import AccountExists, Accounts, NoAccount

    if verb not in ACCOUNT_VERBS:
        raise arguments.no_such(verb, ACCOUNT_VERBS)
    arguments.folder(data)
    if (name is None) != (verb == "list"):
        detail = "list takes no name" if name else f"{verb} wants the name of an account"
        raise Stop(WRONG_USE, "bad-request", detail, "find them", "guestlist account")
    accounts = Accounts(data)
    if name is None:
        roles = accounts.roles
        for known, kind in roles.items():
            out.tell(Account(account=known, role=kind), [(known, kind)], least=_LEAST)
        if not roles and out.for_people:
            line("there is none", error=True)
        return
    _check(name)
    try:
        if verb == "add":
            kind = _role(role)
            password = accounts.add(name, kind)
            told = Account(account=name, role=kind, password=password)
            out.tell(told, [(name, kind, password)], least=_LEAST)
            line("the password is shown only now", error=True)
        else:
            accounts.remove(name)
            out.tell(Account(account=name), [(f"{name} can't sign in any more",)])
    except AccountExists as error:
        hint = "remove it first for another password"
        raise Stop(REFUSED, "account-exists", str(error), hint) from error
    except NoAccount as error:
        hint = "see which there are"
        raise Stop(REFUSED, "no-account", str(error), hint, "guestlist account") from error


def _role(typed: str) -> "Role":
    """Raises Stop when there is no such role."""
    from services.api_keys import ROLES

    for role in ROLES:
        if role == typed:
            return role
    raise arguments.no_such(typed, [*ROLES])


def _check(name: str) -> None:
    """Raises Stop when no account can have that name."""
    from pydantic import TypeAdapter, ValidationError

    try:
        TypeAdapter(AccountId).validate_python(name)
    except ValidationError as error:
        detail, hint = f"{name} is no name of an account", "small letters, digits and -, at most 63"
        raise Stop(WRONG_USE, "bad-request", detail, hint) from error
