"""The command that shows what an app was told on a site, and has it told again."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import arguments, connection
from services.cli.forms import Printer
from services.cli.options import HERE, PATIENCE, Actor, AppOnSite, Data, Nats, SiteKey, Timeout
from services.cli.output import Row, line
from services.cli.stop import NO_ANSWER, Stop
from services.cli.times import ago
from services.installation.commands import SendHook
from services.installation.queries import Deliveries, DeliveriesView, Delivery
from shared.messages import Command, Query
from shared.names import iso

if TYPE_CHECKING:
    from shared.client import Client

_AGAIN = "try again"
_LEAST = (14, 11, 11, 7)
"""Widths of columns."""
_LONGEST = 15.0
"""Seconds that a hook may take, with what is told before it."""
_LOOK = 0.1
"""Seconds from one look to the next."""


def deliveries(
    site_id: SiteKey,
    app_key: AppOnSite,
    again: Annotated[
        str | None,
        typer.Option(
            "--again",
            metavar="HOOK",
            help="First have it told once more: installed, enabled, disabled or uninstalled, "
            "whichever says where it stands.",
        ),
    ] = None,
    actor: Actor = "operator",
    timeout: Timeout = PATIENCE,
    data: Data = HERE,
    nats: Nats = None,
    *,
    out: Printer,
) -> None:
    """Show what an app was told of its life on a site, and how it took it."""
    on_site = [f"site_id={site_id}", f"app_key={app_key}"]
    query = arguments.request(Query.TABLE, Deliveries.__name__, on_site)
    wanted = [*on_site, f"hook={again}"]
    command = again and arguments.request(Command.TABLE, SendHook.__name__, wanted)
    arguments.check(actor, "deliveries")

    async def ask(client: "Client") -> DeliveriesView:
        if command:
            connection.success(await client.send(command), _AGAIN)
        async with asyncio.timeout(_LONGEST):
            while True:
                told = connection.success(await client.query(query), _AGAIN).read(DeliveriesView)
                if not command or not told.waiting:
                    return told
                await asyncio.sleep(_LOOK)

    try:
        view = connection.ask(ask, actor, data, nats, _AGAIN, timeout)
    except TimeoutError:
        detail = f"{app_key} was not told {again} yet"
        raise Stop(NO_ANSWER, "not-ended", detail, "look again without --again") from None
    for delivery in view.deliveries:
        out.tell(delivery, [_row(delivery, out)], least=_LEAST)
    if view.waiting:
        line(f"still to be told: {', '.join(view.waiting)}", error=True)
    elif not view.deliveries and out.for_people:
        line("there is none", error=True)


def _row(delivery: Delivery, out: Printer) -> Row:
    when = ago(delivery.sent_at) if out.on_terminal else iso(delivery.sent_at)
    status = "" if delivery.status is None else str(delivery.status)
    took = f"{delivery.milliseconds} ms"
    row = (when, delivery.hook, delivery.outcome, status, took)
    return (*row, delivery.head) if delivery.head else row
