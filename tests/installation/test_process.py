"""The processes of the installation service: what they do after each event."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.installation.commands import InstallApp
from services.installation.events import InstallFailed
from services.installation.process import TIMEOUT, InstallProcess, RollOut
from services.installation.refusals import InstallTimeout
from services.installation.steps import AttachToken, FailInstall, FinishInstall, UpdateApp
from services.listing.events import ListingApproved, ListingSubmitted
from services.token.commands import ApplyToken, CreateToken
from services.token.domain import AppTokens
from services.token.refusals import TokenBoundToOtherSite
from shared import clock
from shared.errors import Busy, Internal, Refusal, Unavailable
from shared.links import Link
from shared.messages import Command, Envelope, Event, Reply
from shared.names import Position
from tests.installation.conftest import KEYS
from tests.installation.examples import ANN, APP, ATTACHED, INSTALLED, SITE, attached, requested
from tests.installation.steps import INSTALL, UPDATE, Services, published
from tests.world import KEYS as WORLD_KEYS
from tests.world import MARKETPLACE, World


async def test_a_token_is_applied_and_then_attached() -> None:
    services = Services()
    assert await services.step(requested(token_id=3)) == [AttachToken(**INSTALL, token_id=3)]
    (asked,) = [command for command, _ in services.asked]
    assert asked == ApplyToken(app_key=APP, token=KEYS.token(APP, 3), site_id=SITE)


async def test_without_a_token_nothing_is_left_to_do() -> None:
    assert await Services().step(requested()) == [FinishInstall(**INSTALL)]
    assert await Services().step(ATTACHED) == [FinishInstall(**INSTALL)]


@pytest.mark.parametrize("event", [requested(), ATTACHED])
async def test_a_step_that_is_done_again_when_the_install_has_ended_asks_for_nothing(
    event: Event,
) -> None:
    services = Services()
    services.ended = True
    assert await services.step(event) == []
    assert services.told == []


@pytest.mark.parametrize(
    ("event", "reply", "age", "why"),
    [
        (
            requested(token_id=3),
            TokenBoundToOtherSite(app_key=APP, token_id=3).reply("x"),
            0,
            TokenBoundToOtherSite(app_key=APP, token_id=3),
        ),
        (requested(token_id=3), Unavailable(), 2, InstallTimeout()),
        (requested(token_id=3), Busy().reply(clock.now()), 2, InstallTimeout()),
    ],
)
async def test_an_install_that_cannot_go_on_fails_with_its_code(
    event: Event, reply: Reply | Exception, age: int, why: Refusal
) -> None:
    """Case 20."""
    unsure = 3 if isinstance(why, InstallTimeout) else None
    failed = FailInstall(**INSTALL, code=why.code, detail=why.detail, token_id=unsure)
    assert await Services(reply).step(event, age * TIMEOUT) == [failed]


@pytest.mark.parametrize("reply", [Unavailable(), Busy().reply(clock.now())])
async def test_what_may_pass_is_tried_again(reply: Reply | Exception) -> None:
    with pytest.raises(Unavailable):
        await Services(reply).step(requested(token_id=3))
    with pytest.raises(Unavailable):
        await Services(decided=Busy().reply(clock.now())).step(requested())


async def test_what_does_not_pass_is_not_taken_for_what_does() -> None:
    """So that it is given up on, and an operator hears of it."""
    with pytest.raises(RuntimeError):
        await Services(decided=Internal().reply(clock.now())).step(requested())


async def test_a_step_done_again_sends_the_same_ids() -> None:
    services = Services()
    for _ in range(2):
        await services.step(requested(token_id=3))
    for sent in (services.asked, services.decided):
        first, again = (envelope for _, envelope in sent)
        assert first.id == again.id
        assert (first.correlation_id, first.actor) == ("flow", "guestlist")


@pytest.mark.parametrize("event", [INSTALLED, attached(1)])
async def test_what_is_ready_may_be_updated(event: Event) -> None:
    assert await Services().step(event) == [UPDATE]


async def test_each_site_is_told_of_a_version_once_the_service_knows_it() -> None:
    services = Services()

    async def sites_of(app_key: str, after: Position) -> list[str]:
        assert (app_key, str(after)) == (APP, f"installation/site/{SITE}@7")
        return [SITE, "site-b"]

    roll_out = RollOut(sites_of, services.decide)
    await roll_out.step(published(ListingApproved(app_key=APP.title())))
    await roll_out.step(published(ListingSubmitted(app_key=APP)))
    told, envelopes = zip(*services.decided, strict=True)
    assert list(told) == [UPDATE, UpdateApp(site_id="site-b", app_key=APP)]
    assert {envelope.after for envelope in envelopes} == {(f"installation/site/{SITE}@7",)}
    assert len({envelope.id for envelope in envelopes}) == 2


async def test_a_token_is_not_applied_any_more_once_its_install_timed_out() -> None:
    services = Services()
    await services.step(requested(token_id=3), age=TIMEOUT / 2)
    ((_, envelope),) = services.asked
    assert envelope.deadline is not None
    assert TIMEOUT / 3 < envelope.deadline - clock.now() < TIMEOUT / 2


async def test_after_a_lost_reply_an_install_that_times_out_leaves_its_token_cleared(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    await world.list_app(APP)
    await world.make_site(SITE)
    await world.send(ANN, CreateToken(app_key=APP))
    link = Link(APP, 1, WORLD_KEYS.token(APP, 1)).url(MARKETPLACE)
    begun = await world.send(ANN, InstallApp(site_id=SITE, url=link))
    assert begun.status == "accepted"
    (asked,) = [row for row in world.published("installation") if row.topic.endswith("Requested")]

    async def lose(command: Command, envelope: Envelope) -> Reply:
        assert (await world.ask(command, envelope)).status == "accepted"
        raise Unavailable

    late = asked.meta.model_copy(update={"time": clock.now() - TIMEOUT})
    step = InstallProcess(
        WORLD_KEYS, lose, world.decide, world.under_way, world.tellings, world.tell
    ).step
    with pytest.raises(Unavailable):
        await step(asked)
    assert world.stores["token"].load(AppTokens, APP).active[1].site_id == SITE
    await step(replace(asked, meta=late))
    await world.settle()
    (failed,) = [
        row
        for row in world.history("installation", f"site/{SITE}")
        if isinstance(row, InstallFailed)
    ]
    assert failed.code == InstallTimeout.CODE
    token = world.stores["token"].load(AppTokens, APP).active[1]
    assert (token.site_id, token.cleared) == (SITE, True)
    world.close()
