"""Rules about numbers hold when many ask at once, and after a restart."""

import asyncio
from random import Random
from typing import NamedTuple

import pytest

from services.installation.commands import ClearToken, SetToken
from services.installation.domain import Site
from services.installation.events import AppInstalled, InstallFailed
from services.supervisor import Supervisor
from services.token.commands import CreateToken
from services.token.domain import LIMIT, AppTokens
from shared.client import Client
from shared.messages import Accepted
from tests.clients.audit import Audit
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted
from tests.rules import rule

SEEDS = range(20)


@rule("tokens.limit")
@pytest.mark.parametrize("seed", SEEDS)
async def test_sixty_tokens_at_once_at_forty_five_active_make_exactly_fifty(
    house: Supervisor, client: Client, seed: int
) -> None:
    """Case 30."""
    app_key, random = f"com.example.limit-{seed}", Random(seed)
    await acting.list_app(client, app_key)
    for _ in range(45):
        await accepted(client, ANN, CreateToken(app_key=app_key))

    async def create() -> str:
        await asyncio.sleep(random.random() / 50)
        reply = await client.send(CreateToken(app_key=app_key), actor=ANN)
        return "accepted" if isinstance(reply, Accepted) else reply.code

    outcomes = await asyncio.gather(*(create() for _ in range(60)))

    assert outcomes.count("accepted") == 5
    assert outcomes.count("token-limit-reached") == 55
    assert len(await acting.tokens_of(client, app_key)) == LIMIT
    assert len(acting.stored(house, "token", AppTokens, app_key).active) == LIMIT


class Bound(NamedTuple):
    """A token that a race bound to a site."""

    app_key: str
    token: str
    link: str
    winner: str
    losers: list[str]


@rule("tokens.bound")
@rule("tokens.clear")
@pytest.mark.parametrize("seeds", [SEEDS[start::4] for start in range(4)], ids=str)
async def test_one_of_twenty_sites_wins_a_token_and_no_other_ever_can(
    house: Supervisor, client: Client, audit: Audit, seeds: range
) -> None:
    """Case 29."""

    async def race(link: str, sites: list[str]) -> list[acting.Ending]:
        return await asyncio.gather(*(acting.install(client, audit, site, link) for site in sites))

    async def bind(seed: int) -> Bound:
        app_key, random = f"com.example.bound-{seed}", Random(seed)
        sites = [f"site-{seed}-{number}" for number in range(20)]
        await acting.list_app(client, app_key)
        await asyncio.gather(*(acting.make_site(client, site) for site in sites))
        token, link = await acting.make_token(client, app_key)
        random.shuffle(sites)
        endings = await race(link, sites)
        (winner,) = [end.site_id for end in endings if isinstance(end, AppInstalled)]
        sites.remove(winner)
        _assert_bound(endings, sites)
        await accepted(client, BOB, ClearToken(site_id=winner, app_key=app_key))
        return Bound(app_key, token, link, winner, sites)

    races = [await bind(seed) for seed in seeds]
    await acting.kill(house, "token", "installation")

    for app_key, token, link, winner, losers in races:
        _assert_bound(await race(link, losers), losers)
        assert [row["site_id"] for row in await acting.tokens_of(client, app_key)] == [winner]
        assert acting.stored(house, "token", AppTokens, app_key).active[1].site_id == winner
        sites = [acting.stored(house, "installation", Site, site) for site in (winner, *losers)]
        assert [site.key for site in sites if site.on_site(app_key).live] == [winner]
        await accepted(client, BOB, SetToken(site_id=winner, app_key=app_key, token=token))


def _assert_bound(endings: list[acting.Ending], losers: list[str]) -> None:
    failed = [ending for ending in endings if isinstance(ending, InstallFailed)]
    assert sorted(ending.site_id for ending in failed) == sorted(losers)
    assert {ending.code for ending in failed} == {"token-bound-to-other-site"}
