"""Reading the audit stream: until something has ended, and over outages."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from services.cli import connection
from services.cli.forms import Printer
from services.cli.output import Outages
from services.cli.stop import NO_ANSWER, Stop
from shared.messages import Accepted, Command

if TYPE_CHECKING:
    from shared.client import Client

LONGEST = 90.0
"""Seconds to wait for the end of what a command began; an install ends within 60."""


async def until_ended(
    out: Printer,
    client: "Client",
    command: Command,
    reply: Accepted,
    *,
    after: int,
    trace: bool = False,
) -> None:
    """Print to what a command leads; raises Stop when that ends badly, or not in time.

    `trace`: below what led to it, and how long after the command.
    """
    from services.cli.events import tell
    from services.cli.tracing import Trace
    from services.installation.events import InstallFailed

    failed, show = None, Trace(reply.command_id).tell if trace else tell
    try:
        with telling_outages(out):
            async with asyncio.timeout(LONGEST):
                async for published in client.outcome(command, reply, after=after):
                    show(out, published)
                    event = published.event()
                    failed = event if isinstance(event, InstallFailed) else None
    except TimeoutError:
        detail = f"what {reply.command_id} began goes on"
        raise Stop(NO_ANSWER, "not-ended", detail, "watch it", "guestlist audit --follow") from None
    if failed is not None:
        raise connection.refused(failed.code, failed.detail)


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
