"""What the flow tests do again and again, in the words of the domain."""

import asyncio
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from typing import Any, TypeVar

import nats
from nats.aio.client import Client as Connection
from nats.js.errors import NotFoundError

from services.contract import SERVICES
from services.installation.commands import EnablePrivateListings, InstallApp, RegisterSite
from services.installation.events import AppInstalled, AppUpdated, InstallFailed
from services.installation.queries import App, LinkedDescriptor
from services.listing.commands import (
    Approve,
    EditListing,
    PublishApp,
    RegisterPartner,
    SubmitForPublic,
)
from services.supervisor import Supervisor
from services.token.commands import CreateToken
from services.token.queries import ListTokens
from shared.aggregate import Aggregate
from shared.client import Client
from shared.headers import decode
from shared.links import Link
from shared.messages import Accepted, Answer, Answered, Command, Failed, Query, Reply
from shared.settings import Settings
from shared.sqlite import open_sqlite
from shared.store import Store
from shared.subjects import COMMANDS, EVENTS
from tests.clients.audit import Audit
from tests.clients.sample_app import SampleApp, sample_app
from tests.listing.examples import TEXTS

ANN, BOB, EVE, OPERATOR = "ann", "bob", "eve", "operator"
"""A member of the partner, the admin of all sites, a stranger, and who runs the place."""
MARKETPLACE = Settings().public_url
_STILL = 2
"""Looks in a row that have to find nothing left to do."""
A = TypeVar("A", bound=Aggregate)
Ending = AppInstalled | AppUpdated | InstallFailed


async def accepted(client: Client, actor: str, command: Command) -> Accepted:
    """Send a command that is accepted."""
    reply = await client.send(command, actor=actor)
    assert isinstance(reply, Accepted), reply
    return reply


def code(reply: Reply | Answer) -> str:
    """The code of a reply that is no success."""
    assert not isinstance(reply, Accepted | Answered), reply
    return reply.code


def publish_app(app: SampleApp, **changes: Any) -> PublishApp:
    """The command that lists a served app privately as a paid one, with `changes`."""
    fields = {
        "app_key": app.descriptor["key"],
        "partner_id": "example",
        "descriptor_url": app.url,
        "visibility": "private",
        "payment_model": "paid-via-atlassian",
    }
    return PublishApp(**fields | changes)


@asynccontextmanager
async def served(
    client: Client, app_key: str, descriptor: Mapping[str, Any] | None = None, **changes: Any
) -> AsyncIterator[SampleApp]:
    """An app that the partner `example` listed, and that goes on serving its descriptor."""
    await client.send(RegisterPartner(partner_id="example", organisation="Example"), actor=ANN)
    with sample_app({"key": app_key} | dict(descriptor or {})) as app:
        await accepted(client, ANN, publish_app(app, **changes))
        yield app


@asynccontextmanager
async def served_to_all(
    client: Client, app_key: str, descriptor: Mapping[str, Any] | None = None, **changes: Any
) -> AsyncIterator[SampleApp]:
    """A served app that all services know, so that also who didn't see it listed finds it."""
    async with served(client, app_key, descriptor, **changes) as app:
        for query in (ListTokens(app_key=app_key), LinkedDescriptor(app_key=app_key, build=1)):
            answer = await client.query(query, actor=ANN)
            assert not isinstance(answer, Failed), answer
        yield app


async def list_app(
    client: Client, app_key: str, descriptor: Mapping[str, Any] | None = None, **changes: Any
) -> None:
    """List an app for the partner `example` and all services; it answers no more afterwards."""
    async with served_to_all(client, app_key, descriptor, **changes):
        pass


async def make_site(client: Client, site_id: str) -> None:
    """Register a site that takes private apps."""
    base_url = f"https://{site_id}.example.com"
    asked = RegisterSite(site_id=site_id, base_url=base_url, product="jira", admin=BOB)
    await accepted(client, OPERATOR, asked)
    await accepted(client, BOB, EnablePrivateListings(site_id=site_id))


async def make_token(client: Client, app_key: str) -> tuple[str, str]:
    """Make a token; gives it and its link."""
    made = await accepted(client, ANN, CreateToken(app_key=app_key))
    links: Any = made.result["links"]
    return str(made.result["token"]), str(links["private"])


async def install(client: Client, audit: Audit, site_id: str, url: str) -> Ending:
    """Install from a link and wait for the event that ends it."""
    command = InstallApp(site_id=site_id, url=url)
    begun = await accepted(client, BOB, command)
    installation_id, position = begun.result["installation_id"], begun.events[0].version
    while True:
        for published in audit.seen:
            service, aggregate, version = published.position
            if (service, aggregate) == ("installation", f"site/{site_id}") and version > position:
                event = published.event()
                if isinstance(event, Ending) and event.installation_id == installation_id:
                    client.memory.remember(command, published.id)
                    return event
        await asyncio.sleep(0.02)


def descriptor_link(app_key: str, build: int = 1) -> str:
    """The link to a version of an app, without a token."""
    return Link(app_key, build).url(MARKETPLACE)


async def ask(client: Client, query: Query, actor: str) -> Mapping[str, Any]:
    """The data of an answer."""
    answer = await client.query(query, actor=actor)
    assert isinstance(answer, Answered), answer
    return answer.data


async def make_public(client: Client, app_key: str) -> None:
    """Fill in what a public listing tells, submit and approve."""
    await accepted(client, ANN, EditListing(app_key=app_key, **TEXTS))
    await accepted(client, ANN, SubmitForPublic(app_key=app_key))
    await accepted(client, OPERATOR, Approve(app_key=app_key))


async def tokens_of(client: Client, app_key: str) -> list[dict[str, Any]]:
    """The active tokens, by query."""
    return list((await ask(client, ListTokens(app_key=app_key), ANN))["tokens"])


async def app_on(client: Client, site_id: str, app_key: str) -> Mapping[str, Any]:
    """The app on a site, by query."""
    return await ask(client, App(site_id=site_id, app_key=app_key), BOB)


def store(house: Supervisor, service: str) -> Store:
    """A service's store, read beside the service."""
    return Store(service, open_sqlite(house.data / f"{service}.sqlite", read_only=True))


def stored(house: Supervisor, service: str, kind: type[A], key: str) -> A:
    """An aggregate as the history in the store's file leaves it."""
    return store(house, service).load(kind, key)


def kept(house: Supervisor) -> Counter[str]:
    """How many events and decided commands each store holds."""
    counts: Counter[str] = Counter()
    for service in SERVICES:
        with closing(sqlite3.connect(house.data / f"{service}.sqlite")) as connection:
            for table in ("stored_events", "command_log"):
                rows = connection.execute(f"SELECT count(*) FROM {table}")
                counts[f"{service} {table}"] = rows.fetchone()[0]
    return counts


async def kill(house: Supervisor, *names: str) -> None:
    """Kill children with -9 and wait until they are back."""
    for name in names:
        pid = house.pid(name)
        os.kill(pid, signal.SIGKILL)
        while house.pid(name) == pid:
            await asyncio.sleep(0.02)
    await house.until_up()


async def quiet(house: Supervisor, seconds: float = 20.0) -> None:
    """Wait until everything that was stored is told, and all of it was handled by everyone."""
    connection = await nats.connect(house.url)
    try:
        async with asyncio.timeout(seconds):
            still = 0
            while still < _STILL:
                before = kept(house)
                still = still + 1 if await _is_quiet(connection, house) else 0
                still = still if kept(house) == before else 0
    finally:
        await connection.close()


async def _is_quiet(connection: Connection, house: Supervisor) -> bool:
    stream = connection.jetstream()
    for service in SERVICES:
        if await _told(connection, service) < _last_published(house, service):
            return False
    for name in (EVENTS, COMMANDS):
        for info in await stream.consumers_info(name):
            if info.config.durable_name and (info.num_pending or info.num_ack_pending):
                return False
    return True


async def _told(connection: Connection, service: str) -> int:
    """How far the stream has the log of a service."""
    try:
        last = await connection.jetstream().get_last_msg(EVENTS, f"evt.{service}.>")
    except NotFoundError:
        return 0
    return int(decode(last.headers)["ce-sequence"])


def _last_published(house: Supervisor, service: str) -> int:
    with closing(sqlite3.connect(house.data / f"{service}.sqlite")) as connection:
        told = "SELECT max(rowid) FROM stored_events WHERE originator_id NOT LIKE 'copy/%'"
        return connection.execute(told).fetchone()[0] or 0
