"""The command that deals with dead letters."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import arguments, complete, connection
from services.cli.forms import Printer
from services.cli.options import HERE, PATIENCE, Actor, Data, Nats, Timeout
from services.cli.output import Row, line
from services.cli.stop import NO_ANSWER, WRONG_USE, Stop
from services.cli.tables import cells
from services.cli.times import ago
from services.contract import SERVICES
from shared.dead_letters import VERBS, DeadLetter, DeadLetters, Verb
from shared.messages import Failed, Refused
from shared.names import iso

if TYPE_CHECKING:
    from shared.client import Client

_AGAIN = "try again"
_LEAST = (14, 10, 20)
"""Widths of columns."""


def dead_letters(
    verb: Annotated[
        str,
        typer.Argument(
            metavar="VERB",
            autocompletion=complete.verbs,
            help="list; show what is in one; redeliver one, and then what waits behind it; or "
            "discard one: what waits behind it is handled without it. At most 100 at once.",
        ),
    ] = "list",
    service: Annotated[
        str | None,
        typer.Argument(
            metavar="SERVICE",
            autocompletion=complete.services,
            show_default=False,
            help=f"One of {', '.join(SERVICES)}; to list, all unless it is given.",
        ),
    ] = None,
    number: Annotated[
        int | None,
        typer.Argument(metavar="NUMBER", show_default=False, help="Which one of that service."),
    ] = None,
    actor: Actor = "operator",
    timeout: Timeout = PATIENCE,
    data: Data = HERE,
    nats: Nats = None,
    *,
    out: Printer,
) -> None:
    """Deal with messages that a service gave up on; later ones wait behind them."""
    chosen = _verb(verb, service, number)
    arguments.check(actor, "dead-letters")
    services = SERVICES if service is None else (service,)

    async def ask(client: "Client") -> list[DeadLetters]:
        told = [await client.dead_letters(name, chosen, number, actor=actor) for name in services]
        return [_success(reply) for reply in told]

    replies = connection.ask(ask, actor, data, nats, _AGAIN, timeout)
    letters = [letter for reply in replies for letter in reply.letters]
    for letter in letters:
        out.tell(letter, [*_rows(letter, out, chosen)], least=_LEAST)
    if out.for_people and not letters:
        line("there is none", error=True)
    if out.for_people and any(reply.more for reply in replies):
        line("more may wait behind the last one: see the list", error=True)


def _verb(verb: str, service: str | None, number: int | None) -> Verb:
    """What is to be done; raises Stop when that can't be read, or of which isn't said."""
    known = next((name for name in VERBS if name == verb), None)
    if known is None:
        raise arguments.no_such(verb, VERBS)
    if service is not None and service not in SERVICES:
        raise arguments.no_such(service, SERVICES)
    if known != "list" and (service is None or number is None):
        detail = f"{known} wants a service and the number of a dead letter"
        raise Stop(WRONG_USE, "bad-request", detail, "find them", "guestlist dead-letters")
    return known


def _success(reply: DeadLetters | Refused | Failed) -> DeadLetters:
    match reply:
        case Refused():
            raise connection.refused(reply.code, reply.detail, reply.hint)
        case Failed():
            raise Stop(NO_ANSWER, reply.code, reply.detail, _AGAIN)
    return reply


def _rows(letter: DeadLetter, out: Printer, verb: Verb) -> list[Row]:
    if verb == "show":
        return [*cells(letter.model_dump(), ago if out.on_terminal else iso).items()]
    when = ago(letter.time) if out.on_terminal else iso(letter.time)
    place = f"{letter.service} {letter.number}"
    event = f"{letter.subject}@{letter.version}" if letter.version else letter.subject
    return [(place, when, letter.consumer, event, letter.reason)]
