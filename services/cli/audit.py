"""The command that reads what happened, from the audit stream."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import arguments, complete, connection, times
from services.cli.forms import Printer
from services.cli.options import HERE, Data, Detailed, Nats
from services.cli.reading import telling_outages
from services.cli.stop import NO_ANSWER, REFUSED, WRONG_USE, Stop
from shared.messages import Event
from shared.names import fold, is_id
from shared.subjects import EVENTS, REFUSALS
from shared.wanted import Wanted

if TYPE_CHECKING:
    from shared.client import Client
    from shared.published import Published
    from shared.refused import PublishedRefusal

_Names = list[str] | None


def audit(
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what happens, until Ctrl-C.")
    ] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only what happened since then.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="POSITION", help="Only what came after that.")
    ] = None,
    last: Annotated[
        int | None, typer.Option("--last", min=0, metavar="N", help="Of what there is, the last N.")
    ] = None,
    event: Annotated[
        _Names,
        typer.Option("--event", autocompletion=complete.events, help="Only events of that name."),
    ] = None,
    service: Annotated[
        _Names,
        typer.Option("--service", autocompletion=complete.services, help="Only of that service."),
    ] = None,
    app: Annotated[
        _Names, typer.Option("--app", metavar="KEY", help="Only about that app.")
    ] = None,
    site: Annotated[
        _Names, typer.Option("--site", metavar="ID", help="Only about that site.")
    ] = None,
    actor: Annotated[
        _Names, typer.Option("--actor", metavar="ACCOUNT", help="Only what that account did.")
    ] = None,
    correlation: Annotated[
        str | None,
        typer.Option("--correlation", metavar="ID", help="Only of the flow of that command."),
    ] = None,
    until: Annotated[
        _Names,
        typer.Option(
            "--until",
            metavar="EVENT",
            autocompletion=complete.events,
            help="Follow, and end when an event of that name was told.",
        ),
    ] = None,
    within: Annotated[
        float | None,
        typer.Option("--within", min=0.1, metavar="SECONDS", help="End with 3 when that is over."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Go on where the last call by it stopped."),
    ] = None,
    refused: Annotated[
        bool, typer.Option("--refused", help="Tell refused requests instead of events.")
    ] = False,
    detailed: Detailed = False,
    data: Data = HERE,
    nats: Nats = None,
    *,
    out: Printer,
) -> None:
    """Print every event since the beginning.

    What is chosen by several names is of any of them; what is chosen in several ways fits all.
    """
    from services.cli import events  # here, as what it needs would slow every help
    from shared.bookmark import Elsewhere

    begin = None if since is None else times.parse(since)
    wanted = Wanted(
        services=frozenset(map(arguments.service, service or ())),
        types=frozenset(topic for name in event or () for topic in _topics(name)),
        apps=frozenset(map(fold, app or ())),
        sites=frozenset(site or ()),
        actors=frozenset(actor or ()),
        correlation_id=correlation,
    )
    ends = frozenset(topic for name in until or () for topic in _topics(name))
    if refused and (event or until or after or name):
        detail = "a refused request is no event: --event, --until, --after and --name tell none"
        raise Stop(WRONG_USE, "wrong-use", detail, "choose by --actor, --service or --since")
    if last is not None and after is not None:
        detail = "both --last and --after tell from where on"
        raise Stop(WRONG_USE, "wrong-use", detail, "give one of them")
    if name is not None and (last is not None or after is not None):
        detail = "a name tells from where on: --last and --after do so too"
        raise Stop(WRONG_USE, "wrong-use", detail, "begin a new name with --since")
    if name is not None and not is_id(name):
        detail = f"{name} can't be a name: it has small letters, digits and -"
        raise Stop(WRONG_USE, "bad-request", detail, "as --name nightly")
    follows = follow or bool(ends)
    choice = Choice(wanted, begin, after, last, ends, name, follow=follows, refused=refused)

    async def read(client: "Client") -> None:
        try:
            async with asyncio.timeout(within):
                with telling_outages(out):
                    async for message in choice.messages(client):
                        events.tell_any(out, message, detailed=detailed)
        except Elsewhere as error:
            hint = "give each follower a name of its own"
            raise Stop(REFUSED, "name-in-use", str(error), hint) from None
        except TimeoutError:
            detail, hint = f"{within} s are over", "give it longer with --within"
            raise Stop(NO_ANSWER, "not-ended", detail, hint) from None

    connection.ask(read, "auditor", data, nats, "try again")


@dataclass(frozen=True)
class Choice:
    """Which messages are told, from where on, and until when."""

    wanted: Wanted
    begin: datetime | None
    after: str | None
    last: int | None
    ends: frozenset[str]
    """Topics after which nothing more is told."""
    name: str | None
    """Of the subscription that goes on where it stopped."""
    _: KW_ONLY
    follow: bool
    refused: bool

    async def messages(
        self, client: "Client"
    ) -> AsyncGenerator["Published | PublishedRefusal", None]:
        """What is to be told; raises Stop when what it comes after isn't there."""
        stream = REFUSALS if self.refused else EVENTS
        place = 0 if self.begin is None else await client.before(self.begin, stream)
        told: deque[Published | PublishedRefusal] = deque(maxlen=self.last)
        if self.last is not None:
            end = await client.last(stream)
            async with aclosing(self._from(client, place, follow=False)) as known:
                async for message in known:
                    told.append(message)
            place = end
            for message in told:
                yield message
                if message.type in self.ends:
                    return
        if self.last is None or self.follow:
            ids = {message.id for message in told}
            async with aclosing(self._from(client, place, follow=self.follow)) as coming:
                async for message in coming:
                    if message.id not in ids:
                        yield message
                    if message.type in self.ends:
                        return

    async def _from(
        self, client: "Client", place: int, *, follow: bool
    ) -> AsyncGenerator["Published | PublishedRefusal", None]:
        source = client.refusals if self.refused else client.events
        if self.name is not None:
            source = partial(client.subscription, self.name)
        waits = self.after is not None
        wanted = Wanted() if waits else self.wanted
        async with aclosing(source(after=place, follow=follow, wanted=wanted)) as messages:
            async for message in messages:
                if not waits and self.wanted(message):
                    yield message
                waits = waits and message.id != self.after
        if waits:
            hint = "it is written <service>/<kind>/<id>@<version>"
            raise Stop(REFUSED, "no-history", f"there is no event {self.after}", hint)


def _topics(name: str) -> list[str]:
    """The topics of events of that name; raises Stop when there is none."""
    topics = [topic for topic in Event.TABLE if topic.partition(".")[2] == name]
    if not topics:
        raise arguments.no_such(name, sorted(topic.partition(".")[2] for topic in Event.TABLE))
    return topics
