"""A story that makes use of everything, told in the same way each time."""

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import nats

from services.contract import SERVICES
from services.installation.commands import (
    DisablePrivateListings,
    EnablePrivateListings,
    InstallApp,
    LicenceState,
    RegisterSite,
    SetLicenceState,
    UninstallApp,
)
from services.installation.events import InstallFailed
from services.installation.queries import App
from services.listing.commands import AddMember, PublishVersion, RegisterPartner
from services.supervisor import Supervisor
from services.token.commands import CreateToken, RemoveToken
from services.token.queries import ListTokens
from shared.client import Client, NoReply
from shared.headers import decode
from shared.links import Link
from shared.messages import Accepted, Answer, Answered, Command, Query, Refused, Reply
from shared.subjects import EVENTS, REFUSALS
from tests.clients import sample_app as sample
from tests.clients.sample_app import SampleApp
from tests.faults import live
from tests.faults.house import FaultyHouse
from tests.flows import acting
from tests.flows.acting import ANN, BOB, MARKETPLACE, OPERATOR

APP = sample.JWT | {"key": "com.example.story"}
"""The app that it is about."""
R = TypeVar("R")
SITES = tuple(f"site-{letter}" for letter in "abcdefg")
SITE, OTHER, *_ = SITES
PARTNERS = range(8)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)|(?<=\"milliseconds\":)\d+")


class Teller:
    """Tells the story to a house whose services may die meanwhile: whatever fails is sent again."""

    def __init__(self, house: Supervisor, client: Client) -> None:
        self._house = house
        self._client = client
        self._numbers = count(1)

    async def tell(self, app: SampleApp) -> None:
        """All of it; after each step everything settles, so that the order is the same."""
        key = str(app.descriptor["key"])
        app.descriptor.pop("description", None)
        await self._all(
            (ANN, RegisterPartner(partner_id="example", organisation="Example")),
            *(
                (ANN, RegisterPartner(partner_id=f"p-{number}", organisation="P"))
                for number in PARTNERS
            ),
        )
        await self._all((ANN, acting.publish_app(app)))
        await self._all(*((OPERATOR, _site(site)) for site in SITES))
        await self._all(*((BOB, EnablePrivateListings(site_id=site)) for site in SITES))
        made = [await self._sent(ANN, CreateToken(app_key=key), f"token-{n}") for n in range(2)]
        tokens = [str(reply.result["token"]) for reply in made if isinstance(reply, Accepted)]
        await self._all((ANN, RemoveToken(app_key=key, token_id=99)))
        link = Link(key, 1, tokens[0]).url(MARKETPLACE)
        await self._all((BOB, InstallApp(site_id=SITE, url=link)))
        trial = LicenceState.ACTIVE_TRIAL
        await self._all((BOB, SetLicenceState(site_id=SITE, app_key=key, state=trial)))
        app.descriptor["description"] = "newer"
        await self._all((ANN, PublishVersion(app_key=key)))
        for queued in (
            CreateToken(app_key=key),
            AddMember(partner_id="example", account="eve"),
            DisablePrivateListings(site_id=SITES[-1]),
        ):
            await self._queued(queued, ANN if queued.SERVICE != "installation" else BOB)
        await self._all((ANN, RemoveToken(app_key=key, token_id=1)))
        await self._all((BOB, InstallApp(site_id=OTHER, url=link)))
        await self._all((BOB, UninstallApp(site_id=SITE, app_key=key)))
        app_now = await self.query(App(site_id=SITE, app_key=key), actor=BOB)
        assert isinstance(app_now, Refused), app_now
        listed = await self.query(ListTokens(app_key=key), actor=ANN)
        assert isinstance(listed, Answered), listed
        tokens_left: Any = listed.data["tokens"]
        assert [row["token_id"] for row in tokens_left] == [2, 3], tokens_left
        failures = acting.store(self._house, "installation").recorder.select_events(f"site/{OTHER}")
        assert failures[-1].topic == InstallFailed.TOPIC

    async def _all(self, *asked: tuple[str, Command]) -> None:
        """Send commands at once, and wait until all to which they lead has happened."""
        await asyncio.gather(
            *(
                self._sent(actor, command, f"command-{next(self._numbers)}")
                for actor, command in asked
            )
        )
        await acting.quiet(self._house)

    async def _sent(self, actor: str, command: Command, id_: str) -> Reply:
        return await _insist(partial(self._client.send, command, actor=actor, command_id=id_))

    async def query(self, query: Query, *, actor: str) -> Answer:
        """The answer to a question; whoever is asked may die just then."""
        return await _insist(partial(self._client.query, query, actor=actor))

    async def _queued(self, command: Command, actor: str) -> None:
        id_ = f"queued-{command.SERVICE}"
        await _insist(partial(self._client.enqueue, command, actor=actor, command_id=id_))
        await acting.quiet(self._house)


async def _insist(ask: Callable[[], Awaitable[R]]) -> R:
    """The first answer that isn't `failed`; raises TimeoutError after half a minute."""
    async with asyncio.timeout(30):
        while True:
            try:
                reply = await ask()
            except NoReply:
                await asyncio.sleep(0.05)
                continue
            if getattr(reply, "status", "") != "failed":
                return reply


def _site(site: str) -> RegisterSite:
    base_url = f"https://{site}.example.com"
    return RegisterSite(site_id=site, base_url=base_url, product="jira", admin=BOB)


Left = dict[str, Any]
"""What a house has kept, without times."""


async def told(folder: Path, app: SampleApp, how: Mapping[str, str] | None = None) -> Left:
    """Tell the story to a house; `how` some services are sabotaged. Gives what is left."""
    async with (
        FaultyHouse(folder, how) as house,
        await Client.open(house.url, "teller", timeout=2) as client,
    ):
        teller = Teller(house, client)
        await teller.tell(app)
        assert await live.differences(house.data, teller) == []
        return await left(house)


async def left(house: Supervisor) -> Left:
    """All that is in the stores and in the streams, in order where there is one."""
    kept: Left = {}
    for service in SERVICES:
        with closing(sqlite3.connect(house.data / f"{service}.sqlite")) as store:
            for table, columns, order in (
                ("stored_events", "originator_id, originator_version, topic, state", "1, 2"),
                ("command_log", "command_id, name, key, actor, body, outcome", "1"),
                ("tracking", "origin, aggregate, version", "1, 2"),
                ("labels", "label, aggregate", "1, 2"),
                ("dead_letters", "subject, reason", "1"),
            ):
                rows = store.execute(f"SELECT {columns} FROM {table} ORDER BY {order}")
                kept[f"{service} {table}"] = [_timeless(row) for row in rows]
    connection = await nats.connect(house.url)
    for name in (EVENTS, REFUSALS):
        messages = sorted(_timeless(row) for row in await _messages(connection, name))
        kept[name] = messages
        assert len(set(messages)) == len(messages), f"{name} holds something twice"
    await connection.close()
    return kept


def differences(one: Left, other: Left) -> list[str]:
    """What only one of them has, by table: the first three rows of each."""
    return [
        f"{table}: more {_without(one[table], rows)}, less {_without(rows, one[table])}"
        for table, rows in other.items()
        if one[table] != rows
    ]


def _without(rows: list[Any], others: list[Any]) -> list[Any]:
    return [row for row in rows if row not in others][:3]


async def _messages(connection: Any, name: str) -> list[tuple[Any, ...]]:
    """What is in a stream; the place in the log and the chain hang on times and on chance."""
    told = []
    last = (await connection.jetstream().stream_info(name)).state.last_seq
    for place in range(1, last + 1):
        message = await connection.jetstream().get_msg(name, place)
        headers = decode(message.headers)
        id_ = "" if name == REFUSALS else headers["ce-id"]
        told.append((message.subject, id_, headers.get("ce-commandid", ""), message.data))
    return told


def _timeless(row: tuple[Any, ...]) -> tuple[str, ...]:
    texts = (cell.decode() if isinstance(cell, bytes) else str(cell) for cell in row)
    return tuple(re.sub(r'"prev":"\w*"', "", _TIME.sub("T", text)) for text in texts)
