"""The step for an event tells an app what is due by it, in turn."""

import asyncio

import pytest

from services.installation.domain import Telling
from services.installation.events import (
    AppDisabled,
    AppEnabled,
    AppUninstalled,
    HookRequested,
    SiteRenamed,
)
from services.installation.process import AT_ONCE, TIMEOUT, InstallProcess
from services.installation.refusals import InstallTimeout
from services.installation.steps import AnswerHook, AttachToken, FailInstall, FinishInstall
from shared.errors import Unavailable
from shared.messages import Event
from shared.testing import NOW
from tests.installation.conftest import KEYS
from tests.installation.examples import APP, ATTACHED, INSTALLATION, INSTALLED, SITE, requested
from tests.installation.steps import INSTALL, Services, published, telling
from tests.world import taken


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

    process = InstallProcess(
        KEYS, services.ask, services.decide, services.under_way, services.tellings, tell
    )
    event = published(AppDisabled(site_id=SITE, app_key=APP))
    steps = [asyncio.create_task(process.step(event)) for _ in range(10)]
    done, waiting = await asyncio.wait(steps, return_when="FIRST_EXCEPTION", timeout=5)
    await asyncio.sleep(0)
    assert len(services.told) == AT_ONCE == 8
    slow.set()
    results = await asyncio.gather(*done, *waiting, return_exceptions=True)
    assert sum(isinstance(result, Unavailable) for result in results) == 2
