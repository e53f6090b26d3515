"""The commands that read what happened, from the audit stream."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import arguments, complete, connection, times
from services.cli.forms import Printer
from services.cli.options import HERE, Data, Detailed, Nats
from services.cli.output import Outages
from services.cli.stop import NO_ANSWER, Stop
from shared.messages import Accepted, Command, Event

if TYPE_CHECKING:
    from shared.client import Client

LONGEST = 90.0
"""Seconds to wait for the end of what a command began; an install ends within 60."""


def audit(
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what happens, until Ctrl-C.")
    ] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only what happened since then.")
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option("--event", autocompletion=complete.events, help="Only events of that name."),
    ] = None,
    detailed: Detailed = False,
    data: Data = HERE,
    nats: Nats = None,
    *,
    out: Printer,
) -> None:
    """Print every event since the beginning."""
    from services.cli.events import tell  # here, as what it needs would slow every help

    begin = None if since is None else times.parse(since)
    topics = [topic for name in event or () for topic in _topics(name)]

    async def read(client: "Client") -> None:
        after = 0 if begin is None else await client.before(begin)
        with telling_outages(out):
            async for published in client.events(after=after, follow=follow):
                if not topics or published.topic in topics:
                    tell(out, published, detailed=detailed)

    connection.ask(read, "auditor", data, nats, "try again")


async def until_ended(
    out: Printer, client: "Client", command: Command, reply: Accepted, *, after: int
) -> None:
    """Print to what a command leads; raises Stop when that ends badly, or not in time."""
    from services.cli.events import tell
    from services.installation.events import InstallFailed

    failed = None
    try:
        with telling_outages(out):
            async with asyncio.timeout(LONGEST):
                async for published in client.outcome(command, reply, after=after):
                    tell(out, published)
                    event = published.event()
                    failed = event if isinstance(event, InstallFailed) else None
    except TimeoutError:
        detail = f"what {reply.command_id} began goes on"
        raise Stop(NO_ANSWER, "not-ended", detail, "watch it", "guestlist audit --follow") from None
    if failed is not None:
        raise connection.refused(failed.code, failed.detail)


def _topics(name: str) -> list[str]:
    """The topics of events of that name; raises Stop when there is none."""
    topics = [topic for topic in Event.TABLE if topic.partition(".")[2] == name]
    if not topics:
        raise arguments.no_such(name, sorted(topic.partition(".")[2] for topic in Event.TABLE))
    return topics


@contextmanager
def telling_outages(out: Printer) -> Iterator[None]:
    """Say on stderr when the server is away and the client comes back to it."""
    log, notices = logging.getLogger("shared.client"), Outages(as_json=not out.for_people)
    log.setLevel(logging.INFO)
    log.addHandler(notices)
    try:
        yield
    finally:
        log.removeHandler(notices)
