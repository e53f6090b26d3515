"""What the flow tests do again and again, in the words of the domain."""

import asyncio
import os
import signal
from collections.abc import Mapping
from typing import Any, TypeVar

from services.installation.commands import EnablePrivateListings, InstallApp, RegisterSite
from services.installation.events import AppInstalled, AppUpdated, InstallFailed
from services.installation.queries import App
from services.listing.commands import PublishApp, RegisterPartner
from services.supervisor import Supervisor
from services.token.commands import CreateToken
from services.token.queries import ListTokens
from shared.aggregate import Aggregate
from shared.client import Client
from shared.messages import Accepted, Answered, Command, Reply
from shared.sqlite import open_sqlite
from shared.store import Store
from tests.clients.audit import Audit
from tests.clients.sample_app import sample_app

ANN, BOB, EVE, OPERATOR = "ann", "bob", "eve", "operator"
"""A member of the partner, the admin of all sites, a stranger, and who runs the place."""
A = TypeVar("A", bound=Aggregate)
Ending = AppInstalled | AppUpdated | InstallFailed


async def accepted(client: Client, actor: str, command: Command) -> Accepted:
    """Send a command that is accepted."""
    reply = await client.send(command, actor=actor)
    assert isinstance(reply, Accepted), reply
    return reply


def code(reply: Reply) -> str:
    """The code of a reply that is no success."""
    assert not isinstance(reply, Accepted), reply
    return reply.code


async def list_app(client: Client, app_key: str, **changes: Any) -> None:
    """List an app privately for the partner `example`; `changes` go into the descriptor."""
    await client.send(RegisterPartner(partner_id="example", organisation="Example"), actor=ANN)
    payment = changes.pop("payment_model", "paid-via-atlassian")
    with sample_app({"key": app_key} | changes) as url:
        asked = PublishApp(
            app_key=app_key,
            partner_id="example",
            descriptor_url=url,
            visibility="private",
            payment_model=payment,
        )
        await accepted(client, ANN, asked)


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
    begun = await accepted(client, BOB, InstallApp(site_id=site_id, url=url))
    installation_id, position = begun.result["installation_id"], begun.events[0].version
    while True:
        for published in audit.seen:
            service, aggregate, version = published.position
            if (service, aggregate) == ("installation", f"site/{site_id}") and version > position:
                event = published.event()
                if isinstance(event, Ending) and event.installation_id == installation_id:
                    return event
        await asyncio.sleep(0.02)


async def tokens_of(client: Client, app_key: str) -> list[dict[str, Any]]:
    """The active tokens, by query."""
    answer = await client.query(ListTokens(app_key=app_key), actor=ANN)
    assert isinstance(answer, Answered), answer
    tokens: Any = answer.data["tokens"]
    return list(tokens)


async def app_on(client: Client, site_id: str, app_key: str) -> Mapping[str, Any]:
    """The app on a site, by query."""
    answer = await client.query(App(site_id=site_id, app_key=app_key), actor=BOB)
    assert isinstance(answer, Answered), answer
    return answer.data


def store(house: Supervisor, service: str) -> Store:
    """A service's store, read beside the service."""
    return Store(service, open_sqlite(house.data / f"{service}.sqlite", read_only=True))


def stored(house: Supervisor, service: str, kind: type[A], key: str) -> A:
    """An aggregate as the history in the store's file leaves it."""
    return store(house, service).load(kind, key)


async def kill(house: Supervisor, *names: str) -> None:
    """Kill children with -9 and wait until they are back."""
    for name in names:
        pid = house.pid(name)
        os.kill(pid, signal.SIGKILL)
        while house.pid(name) == pid:
            await asyncio.sleep(0.02)
    await house.until_up()
