"""The commands that read what happened, from the audit stream."""

import asyncio
import json
import logging
from typing import Annotated

import typer

from services import connection
from services.installation.events import InstallFailed
from services.options import HERE, Data, Json, Nats
from services.output import Outages, json_line, line
from services.stop import NO_ANSWER, REFUSED, WRONG_USE, Stop
from shared.client import Client
from shared.messages import Accepted, Command
from shared.names import Position, iso
from shared.published import Published

LONGEST = 90.0
"""Seconds to wait for the end of what a command began; an install ends within 60."""
_LAST = 10**15 - 1


def audit(
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what happens, until Ctrl-C.")
    ] = False,
    as_json: Json = False,
    data: Data = HERE,
    nats: Nats = None,
) -> None:
    """Print every event since the beginning."""

    async def tell(client: Client) -> None:
        _tell_outages(as_json=as_json)
        async for published in client.events(follow=follow):
            show(published, as_json=as_json)

    connection.ask(tell, "auditor", data, nats, "try again")


def history(
    aggregate: Annotated[
        str,
        typer.Argument(
            metavar="AGGREGATE",
            help="<service>/<kind>/<id>, or the position of an event: then up to there.",
        ),
    ],
    as_json: Json = False,
    data: Data = HERE,
    nats: Nats = None,
) -> None:
    """Print what happened to one partner, listing, site, or the tokens of an app."""
    asked = _place(aggregate)

    async def tell(client: Client) -> int:
        _tell_outages(as_json=as_json)
        count = 0
        async for published in client.events(follow=False):
            if published.position[:2] == asked[:2] and published.position <= asked:
                show(published, as_json=as_json)
                count += 1
        return count

    if not connection.ask(tell, "auditor", data, nats, "try again"):
        detail = f"nothing happened to {asked.service}/{asked.aggregate}"
        raise Stop(REFUSED, "no-history", detail, "guestlist audit tells what happened to whom")


async def until_ended(
    client: Client, command: Command, reply: Accepted, *, after: int, as_json: bool
) -> None:
    """Print to what a command leads; raises Stop when that ends badly, or not in time."""
    _tell_outages(as_json=as_json)
    failed = None
    try:
        async with asyncio.timeout(LONGEST):
            async for published in client.outcome(command, reply, after=after):
                show(published, as_json=as_json)
                event = published.event()
                failed = event if isinstance(event, InstallFailed) else None
    except TimeoutError:
        detail = f"what {reply.command_id} began goes on"
        raise Stop(NO_ANSWER, "not-ended", detail, "watch it: guestlist audit --follow") from None
    if failed is not None:
        raise Stop(REFUSED, failed.code, failed.detail, connection.hint(failed.code))


def show(published: Published, *, as_json: bool) -> None:
    """Print one event."""
    if as_json:
        json_line(published.attributes() | {"data": json.loads(published.body)})
        return
    known, meta = published.event(), published.meta
    told = published.body.decode() if known is None else known.line()
    line(f"{iso(meta.time)}  {published.topic:35} {meta.actor:12} {told}")


def _place(text: str) -> Position:
    try:
        return Position.parse(text.lower() if "@" in text else f"{text.lower()}@{_LAST}")
    except ValueError:
        detail = f"{text}: an aggregate is written <service>/<kind>/<id>"
        hint = "as token/tokens/com.example.app or installation/site/my-site"
        raise Stop(WRONG_USE, "bad-request", detail, hint) from None


def _tell_outages(*, as_json: bool) -> None:
    log = logging.getLogger(Client.__module__)
    log.setLevel(logging.INFO)
    log.addHandler(Outages(as_json=as_json))
