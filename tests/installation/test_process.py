"""The processes of the installation service: what they do after each event."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.installation.commands import (
    AnswerHook,
    AttachToken,
    FailInstall,
    FinishInstall,
    Hook,
    InstallApp,
    UpdateApp,
)
from services.installation.domain import Due, Telling
from services.installation.events import (
    AppDisabled,
    AppEnabled,
    AppUninstalled,
    HookRequested,
    InstallFailed,
    SiteRenamed,
    TokenAttached,
)
from services.installation.process import AT_ONCE, TIMEOUT, InstallProcess, RollOut
from services.installation.refusals import InstallTimeout
from services.listing.events import ListingApproved, ListingSubmitted
from services.token.commands import ApplyToken, CreateToken
from services.token.domain import AppTokens
from services.token.refusals import TokenBoundToOtherSite
from shared import clock
from shared.errors import Busy, Refusal, Unavailable
from shared.links import Link
from shared.messages import Accepted, Command, Envelope, Event, Meta, Reply
from shared.names import Position
from shared.published import Published
from shared.requests import Asked
from shared.testing import NOW
from tests.installation.conftest import KEYS
from tests.installation.examples import ANN, APP, ATTACHED, INSTALLATION, INSTALLED, SITE, requested
from tests.world import KEYS as WORLD_KEYS
from tests.world import MARKETPLACE, World, taken

INSTALL: dict[str, Any] = {"site_id": SITE, "app_key": APP, "attempt": 1}
UPDATE = UpdateApp(site_id=SITE, app_key=APP)
HOOKS: dict[Hook, str] = {
    "installed": "/in",
    "enabled": "/on",
    "disabled": "/off",
    "uninstalled": "/out",
}
DONE = Accepted(command_id="x", position="token/tokens/x@1")


def published(event: Event, age: timedelta = timedelta()) -> Published:
    """An event of the site that happened so long ago."""
    meta = Meta(
        actor="ann",
        command_id="c",
        correlation_id="flow",
        causation_id="c",
        time=clock.now() - age,
    )
    position = Position("installation", f"site/{SITE}", 7)
    return Published(event.TOPIC, position, meta, 7, "log", event.model_dump_json().encode())


class Services:
    """The two services that a process asks; `reply` is what the token service says."""

    def __init__(self, reply: Reply | Exception = DONE, decided: Reply = DONE) -> None:
        self.asked: list[tuple[Command, Envelope]] = []
        self.decided: list[tuple[object, Envelope]] = []
        self.due: list[Telling] = []
        self.told: list[Telling] = []
        self._reply = reply
        self._decided = decided

    async def ask(self, command: Command, envelope: Envelope) -> Reply:
        """The token service."""
        self.asked.append((command, envelope))
        if isinstance(self._reply, Exception):
            raise self._reply
        return self._reply

    async def decide(self, asked: Asked) -> Reply:
        """The own service."""
        self.decided.append((asked.request, asked.envelope))
        return self._decided

    async def tellings(self, site_id: str) -> list[Telling]:
        """What apps on the site are to be told."""
        del site_id
        return self.due

    async def tell(self, telling: Telling) -> AnswerHook:
        """An app that takes whatever it is told."""
        self.told.append(telling)
        return taken(telling, sent_at=NOW)

    async def step(self, event: Event, age: timedelta = timedelta()) -> list[object]:
        """The commands to which an event leads."""
        process = InstallProcess(KEYS, self.ask, self.decide, self.tellings, self.tell)
        await process.step(published(event, age))
        return [command for command, _ in self.decided]


async def test_a_token_is_applied_and_then_attached() -> None:
    services = Services()
    assert await services.step(requested(token_id=3)) == [AttachToken(**INSTALL, token_id=3)]
    (asked,) = [command for command, _ in services.asked]
    assert asked == ApplyToken(app_key=APP, token=KEYS.token(APP, 3), site_id=SITE)


async def test_without_a_token_nothing_is_left_to_do() -> None:
    assert await Services().step(requested()) == [FinishInstall(**INSTALL)]
    assert await Services().step(ATTACHED) == [FinishInstall(**INSTALL)]


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
    unsure = 3 if isinstance(why, InstallTimeout) else None
    failed = FailInstall(**INSTALL, code=why.code, detail=why.detail, token_id=unsure)
    assert await Services(reply).step(event, age * TIMEOUT) == [failed]


@pytest.mark.parametrize("reply", [Unavailable(), Busy().reply(clock.now())])
async def test_what_may_pass_is_tried_again(reply: Reply | Exception) -> None:
    with pytest.raises(Unavailable):
        await Services(reply).step(requested(token_id=3))
    with pytest.raises(Unavailable):
        await Services(decided=Busy().reply(clock.now())).step(requested())


async def test_a_step_done_again_sends_the_same_ids() -> None:
    services = Services()
    for _ in range(2):
        await services.step(requested(token_id=3))
    for sent in (services.asked, services.decided):
        first, again = (envelope for _, envelope in sent)
        assert first.id == again.id
        assert (first.correlation_id, first.actor) == ("flow", "guestlist")


@pytest.mark.parametrize("event", [INSTALLED, TokenAttached(site_id=SITE, app_key=APP, token_id=1)])
async def test_what_is_ready_may_be_updated(event: Event) -> None:
    assert await Services().step(event) == [UPDATE]


async def test_each_site_is_told_of_a_version_once_the_service_knows_it() -> None:
    services = Services()

    async def sites_of(app_key: str) -> list[str]:
        assert app_key == APP
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

    meta = asked.meta.model_copy(update={"time": clock.now() - TIMEOUT + timedelta(seconds=0.2)})
    step = InstallProcess(WORLD_KEYS, lose, world.decide, world.tellings, world.tell).step
    with pytest.raises(Unavailable):
        await step(replace(asked, meta=meta))
    assert world.stores["token"].load(AppTokens, APP).active[1].site_id == SITE
    await asyncio.sleep(0.2)
    await step(replace(asked, meta=meta))
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


def telling(
    cause: int = 7, hook: Hook = "installed", attempt: int = 1, *, install: bool = True
) -> Telling:
    """Something that the app is to be told; the event at hand is the 7th of the site."""
    request = requested(attempt, hooks=HOOKS)
    return Telling(Due(cause, hook, request), "jira", "https://a.example.com", "c", install=install)


@pytest.mark.parametrize("event", [requested(), ATTACHED])
async def test_an_install_waits_for_the_answer_to_its_hook(event: Event) -> None:
    services = Services()
    services.due = [telling()]
    assert await services.step(event) == [taken(services.due[0], sent_at=NOW)]
    assert services.told == services.due


async def test_a_token_is_attached_before_the_app_is_told() -> None:
    services = Services()
    services.due = [telling()]
    assert await services.step(requested(token_id=3)) == [AttachToken(**INSTALL, token_id=3)]
    assert services.told == []


async def test_an_install_that_waited_too_long_is_told_nobody() -> None:
    services, why = Services(), InstallTimeout()
    services.due = [telling()]
    failed = FailInstall(**INSTALL, code=why.code, detail=why.detail)
    assert await services.step(requested(), TIMEOUT * 2) == [failed]
    assert services.told == []


async def test_an_install_waits_for_what_the_app_is_to_be_told_before() -> None:
    services = Services()
    services.due = [telling(2, "uninstalled", 1, install=False), telling(7, attempt=2)]
    with pytest.raises(Unavailable):
        await services.step(requested(2))
    assert services.told == []


async def test_an_install_that_has_ended_tells_nothing_again() -> None:
    services = Services()
    services.due = [telling(9, "enabled", install=False)]
    assert await services.step(requested()) == [FinishInstall(**INSTALL)]
    assert services.told == []


LEFT = AppUninstalled(site_id=SITE, app_key=APP, installation_id=INSTALLATION)


@pytest.mark.parametrize(
    "event",
    [
        INSTALLED,
        AppEnabled(site_id=SITE, app_key=APP),
        AppDisabled(site_id=SITE, app_key=APP),
        LEFT,
        SiteRenamed(site_id=SITE, old_base_url="https://a", base_url="https://b"),
        HookRequested(site_id=SITE, app_key=APP, hook="installed"),
    ],
)
async def test_what_is_due_by_an_event_is_told_in_order_and_nothing_else(event: Event) -> None:
    services = Services()
    mine = [telling(7, "disabled", install=False), telling(7, "uninstalled", install=False)]
    services.due = [*mine, telling(8, install=False)]
    answers = [row for row in await services.step(event) if isinstance(row, AnswerHook)]
    assert [answer.hook for answer in answers] == ["disabled", "uninstalled"]
    assert services.told == mine
    ids = {envelope.id for command, envelope in services.decided if isinstance(command, AnswerHook)}
    assert len(ids) == 2


async def test_what_is_due_waits_for_what_was_due_before() -> None:
    services = Services()
    services.due = [telling(6, "enabled", install=False), telling(7, "disabled", install=False)]
    with pytest.raises(Unavailable):
        await services.step(AppDisabled(site_id=SITE, app_key=APP))
    assert services.told == []


async def test_an_app_that_is_slow_keeps_no_more_than_8_steps_busy() -> None:
    services, slow = Services(), asyncio.Event()
    services.due = [telling(7, "disabled", install=False)]

    async def tell(told: Telling) -> AnswerHook:
        services.told.append(told)
        await slow.wait()
        return taken(told)

    process = InstallProcess(KEYS, services.ask, services.decide, services.tellings, tell)
    event = published(AppDisabled(site_id=SITE, app_key=APP))
    steps = [asyncio.create_task(process.step(event)) for _ in range(10)]
    done, waiting = await asyncio.wait(steps, return_when="FIRST_EXCEPTION", timeout=5)
    await asyncio.sleep(0)
    assert len(services.told) == AT_ONCE == 8
    slow.set()
    results = await asyncio.gather(*done, *waiting, return_exceptions=True)
    assert sum(isinstance(result, Unavailable) for result in results) == 2
