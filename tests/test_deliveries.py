"""Whatever the order in which other services' events arrive, the copies are the same."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from services.installation import policies as installation_policies
from services.installation.commands import (
    ClearToken,
    EnablePrivateListings,
    InstallApp,
    RegisterSite,
    SetToken,
)
from services.installation.domain import App, Site
from services.listing.commands import (
    AddMember,
    Approve,
    EditListing,
    MakePrivate,
    PublishApp,
    PublishVersion,
    RegisterPartner,
    SetVersionVisibility,
    SubmitForPublic,
)
from services.token import policies as token_policies
from services.token.commands import CreateToken, RemoveToken
from services.token.domain import AppTokens, Partner
from shared.aggregate import Aggregate
from shared.inbox import Inbox, policies_of
from shared.links import Link
from shared.messages import Command
from shared.pipeline import Pipeline
from shared.published import Published
from shared.sqlite import open_sqlite
from shared.store import Store
from tests.listing.examples import TEXTS
from tests.world import KEYS, MARKETPLACE, OPERATOR, World, descriptor

APPS, SITES, ANN = ("com.example.a", "com.example.b"), ("site-a", "site-b"), "ann"
SEEDS = range(20)


async def play(folder: Path) -> list[Published]:
    """What happens with two apps of two partners on two sites."""
    world = World(folder)

    async def send(*commands: Command, actor: str = ANN) -> None:
        for command in commands:
            reply = await world.send(actor, command)
            assert reply.status == "accepted", reply

    for app_key in APPS:
        partner, url = f"partner-{app_key[-1]}", f"https://{app_key}/a.json"
        world.descriptors[url] = dict(descriptor(app_key))
        form: dict[str, Any] = {"visibility": "private", "payment_model": "paid-via-atlassian"}
        await send(
            RegisterPartner(partner_id=partner, organisation=partner),
            AddMember(partner_id=partner, account="bob"),
            PublishApp(app_key=app_key, partner_id=partner, descriptor_url=url, **form, **TEXTS),
        )
        await world.settle()
        await send(*[CreateToken(app_key=app_key)] * 3)
    for site_id in SITES:
        base_url = f"https://{site_id}.example.com"
        asked = RegisterSite(site_id=site_id, base_url=base_url, product="jira", admin=ANN)
        await send(asked, actor=OPERATOR)
        await send(EnablePrivateListings(site_id=site_id))
        for number, app_key in enumerate(APPS):
            token = KEYS.token(app_key, 1 + SITES.index(site_id) + number)
            url = Link(app_key, 1, token).url(MARKETPLACE)
            await send(InstallApp(site_id=site_id, url=url))
            await world.settle()
    for app_key in APPS:
        url = f"https://{app_key}/a.json"
        await send(SubmitForPublic(app_key=app_key))
        await send(Approve(app_key=app_key), actor=OPERATOR)
        for text in ("one", "two"):
            world.descriptors[url]["description"] = text
            await send(PublishVersion(app_key=app_key))
        await send(
            SetVersionVisibility(app_key=app_key, build=2, visibility="private"),
            EditListing(app_key=app_key, product="jira"),
            MakePrivate(app_key=app_key),
            RemoveToken(app_key=app_key, token_id=2),
        )
        await world.settle()
    await send(ClearToken(site_id=SITES[0], app_key=APPS[0]))
    again = KEYS.token(APPS[1], 3)
    await send(
        ClearToken(site_id=SITES[1], app_key=APPS[1]),
        SetToken(site_id=SITES[1], app_key=APPS[1], token=again),
    )
    await world.settle()
    assert not world.stores["token"].load(AppTokens, APPS[1]).active[3].cleared
    world.close()
    return [row for service in world.stores for row in world.published(service)]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> list[Published]:
    """All events that were published, in the order of each service."""
    return asyncio.run(play(tmp_path_factory.mktemp("world")))


def received(
    folder: Path, service: str, events: list[Published], together: int = 1
) -> list[Aggregate]:
    """What a service without a history knows once it got the events in that order.

    `together`: how many of another service's arrive at once.
    """
    folder.mkdir()
    policies: object = token_policies.Policies()
    if service == "installation":
        policies = installation_policies.Policies()
    store = Store(service, open_sqlite(folder / "store.sqlite"))
    pipeline = Pipeline(store, {})
    table = policies_of(policies)
    origins = {event.position.service for event in events} - {service}
    inboxes = {origin: Inbox(origin, table, pipeline) for origin in origins}
    waiting = [event for event in events if event.position.service in inboxes]
    while waiting:
        early = []
        for origin, inbox in inboxes.items():
            rows = [event for event in waiting if event.position.service == origin]
            for start in range(0, len(rows), together):
                arrived = rows[start : start + together]
                handled = inbox.handle(arrived)
                early += [
                    row for row, done in zip(arrived, handled, strict=True) if done is not True
                ]
        assert len(early) < len(waiting)
        waiting = early
    kinds: list[tuple[type[Aggregate], tuple[str, ...]]] = [
        *([(AppTokens, APPS), (Partner, ("partner-a", "partner-b"))] if service == "token" else []),
        *([(App, APPS), (Site, SITES)] if service == "installation" else []),
    ]
    return [store.load(kind, key) for kind, keys in kinds for key in keys]


@pytest.mark.parametrize("service", ["token", "installation"])
@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_and_any_repetition_gives_the_same_copies(
    history: list[Published], tmp_path: Path, service: str, seed: int
) -> None:
    random = Random(seed)
    shuffled = [*history, *random.sample(history, len(history) // 2)]
    random.shuffle(shuffled)
    expected = received(tmp_path / "in-order", service, history)
    assert received(tmp_path / "shuffled", service, shuffled) == expected
    assert received(tmp_path / "together", service, shuffled, random.randint(2, 20)) == expected
    assert any(aggregate.version for aggregate in expected)
