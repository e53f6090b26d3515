"""What many callers do at once: tokens near the limit, and sites that race for one token."""

import asyncio
import itertools
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from random import Random
from typing import Any

from services.installation.commands import (
    EnablePrivateListings,
    InstallApp,
    RegisterSite,
    UninstallApp,
)
from services.listing.commands import AddMember, RegisterPartner, RemoveMember
from services.supervisor import Supervisor
from services.token.commands import CreateToken, RemoveToken
from services.token.domain import LIMIT
from shared.client import Client
from shared.links import Link
from shared.messages import Accepted, Command, Reply
from tests.clients.sample_app import sample_app
from tests.faults.history import History, Operation
from tests.flows import acting
from tests.flows.acting import ANN, BOB, MARKETPLACE, OPERATOR

_PATIENCE = 0.7
"""Seconds that a caller waits for an answer."""
_AGAIN = 0.05
"""The part of the answers that are asked for once more."""


class Load:
    """Callers on some apps and sites, all by chance but for the seed."""

    def __init__(
        self,
        house: Supervisor,
        seed: int,
        *,
        callers: int = 64,
        connections: int | None = None,
        apps: int = 4,
        sites: int = 12,
        rate: float | None = None,
        installs: float = 0.15,
        members: float = 0.05,
    ) -> None:
        """`connections`: how many the callers share; None is one for each.

        `rate`: commands in a second that all callers send at most; None is no limit.

        `installs`: the part of the commands that install, or uninstall: each leads to many more.
        `members`: the part that lets somebody in or out, of which other services have copies.
        """
        self.history = History()
        self._house = house
        self._random = Random(seed)
        self._callers = callers
        self._connections = connections or callers
        self._every = 0.0 if rate is None else callers / rate
        """Seconds from one command of a caller to its next."""
        self._apps = [f"com.example.load-{number}" for number in range(apps)]
        self._sites = [f"site-{number}" for number in range(sites)]
        self._tokens: dict[str, dict[int, str]] = {app: {} for app in self._apps}
        self._installs = installs
        self._members = members
        self._ids = itertools.count(1)
        self._ended = False

    async def begin(self, client: Client) -> None:
        """List the apps, each with nearly as many tokens as it may have, and register the sites."""
        asked = RegisterPartner(partner_id="example", organisation="Example")
        await self._send(client, ANN, asked)
        for app in self._apps:
            with sample_app({"key": app}) as served:
                await self._send(client, ANN, acting.publish_app(served))
        for site in self._sites:
            base_url = f"https://{site}.example.com"
            site_asked = RegisterSite(site_id=site, base_url=base_url, product="jira", admin=BOB)
            await self._send(client, OPERATOR, site_asked)
            await self._send(client, BOB, EnablePrivateListings(site_id=site))
        await acting.quiet(self._house)
        many = [self._create(client, app) for app in self._apps for _ in range(LIMIT - 4)]
        await asyncio.gather(*many)

    async def run(self) -> None:
        """Ask until told to end, and then until everything is answered."""
        async with AsyncExitStack() as connected:
            opened = [
                await connected.enter_async_context(await Client.open(self._house.url, ANN))
                for _ in range(self._connections)
            ]
            async with asyncio.TaskGroup() as group:
                for client, _ in zip(itertools.cycle(opened), range(self._callers), strict=False):
                    group.create_task(self._call(Client(client._connection, ANN, _PATIENCE)))

    def end(self) -> None:
        """Ask for nothing new."""
        self._ended = True

    async def _call(self, client: Client) -> None:
        due = time.monotonic() + self._random.uniform(0, self._every)
        while not self._ended:
            await asyncio.sleep(due - time.monotonic())
            due += self._every
            await self._ask(client)
            if self._random.random() < _AGAIN:
                await self.history.repeat(client, self._random.choice(self._answered()))

    async def _ask(self, client: Client) -> None:
        if self._random.random() < self._members:
            about = {"partner_id": "example", "account": f"member-{self._random.randrange(20)}"}
            kind = self._random.choice([AddMember, RemoveMember])
            await self._send(client, ANN, kind(**about))
            return
        app, chance = self._random.choice(self._apps), self._random.random()
        tokens = self._tokens[app]
        if chance < 0.5 or len(tokens) < LIMIT // 2:
            await self._create(client, app)
        elif chance < 1 - self._installs:
            token_id = self._random.choice([*tokens])
            tokens.pop(token_id, None)
            await self._send(client, ANN, RemoveToken(app_key=app, token_id=token_id))
        elif chance < 1 - self._installs / 5:
            link = Link(app, 1, self._random.choice([*tokens.values()])).url(MARKETPLACE)
            site = self._random.choice(self._sites)
            await self._send(client, BOB, InstallApp(site_id=site, url=link))
        else:
            site = self._random.choice(self._sites)
            await self._send(client, BOB, UninstallApp(site_id=site, app_key=app))

    async def _create(self, client: Client, app: str) -> None:
        reply = await self._send(client, ANN, CreateToken(app_key=app))
        if isinstance(reply, Accepted):
            result: Mapping[str, Any] = reply.result
            self._tokens[app][result["token_id"]] = result["token"]

    async def _send(self, client: Client, actor: str, command: Command) -> Reply:
        return await self.history.perform(client, actor, command, f"load-{next(self._ids)}")

    def _answered(self) -> list[Operation]:
        recent = self.history.operations[-200:]
        return [row for row in recent if row.reply is not None] or self.history.operations[:1]
