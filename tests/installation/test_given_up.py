"""A step that an operator discarded is never done: nothing waits for it any more."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from services.installation.commands import InstallApp
from services.installation.domain import Site
from services.installation.events import AppEnabled, SiteRenamed
from services.installation.process import InstallProcess
from services.installation.refusals import StepDiscarded
from services.installation.steps import AnswerHook, FailInstall
from services.token.commands import CreateToken
from shared.dead_letters import Letter
from shared.links import Link
from shared.messages import Command, Envelope, Event, Reply
from shared.pipeline import Pipeline
from shared.process import Process
from shared.published import Published
from tests.installation.examples import APP, ATTACHED, SITE, requested, updated
from tests.installation.steps import INSTALL, Services, telling
from tests.world import KEYS, MARKETPLACE, World, taken

WHY = StepDiscarded()


@pytest.mark.parametrize(
    ("event", "token_id"), [(requested(), None), (requested(token_id=3), 3), (ATTACHED, 1)]
)
async def test_the_install_that_waits_for_it_fails(event: Event, token_id: int | None) -> None:
    failed = FailInstall(**INSTALL, code=WHY.code, detail=WHY.detail, token_id=token_id)
    assert await Services().give_up(event) == [failed]


async def test_what_was_to_be_told_by_it_is_told_to_nobody() -> None:
    services = Services()
    services.due = [telling(7, "enabled", install=False), telling(8, "disabled", install=False)]
    (answer,) = await services.give_up(AppEnabled(site_id=SITE, app_key=APP))
    (due, _) = services.due
    unsent = {"outcome": "not-sent", "status": None, "milliseconds": 0}
    assert isinstance(answer, AnswerHook)
    assert answer == taken(due, sent_at=answer.sent_at).model_copy(update=unsent)
    assert services.told == []


async def test_an_install_that_waits_for_what_is_never_told_fails() -> None:
    services = Services()
    services.due = [telling(7, install=True)]
    renamed = SiteRenamed(site_id=SITE, old_base_url="https://a", base_url="https://b")
    failed = FailInstall(**INSTALL, code=WHY.code, detail=WHY.detail)
    assert await services.give_up(renamed) == [failed]


async def test_nothing_comes_of_what_nothing_waits_for() -> None:
    assert await Services().give_up(updated()) == []


def letter_of(event: Published) -> Letter:
    """An event as it was given up on."""
    return Letter(
        consumer="installation_process",
        message_id=event.id,
        subject="evt.x",
        aggregate=event.position.aggregate,
        version=event.position.version,
        headers=json.dumps(event.attributes()),
        body=event.body,
        reason="KeyError: 'k1'",
        attempts=5,
        time="2026-11-25T09:30:00Z",
    )


async def test_who_discards_the_letter_of_an_install_ends_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.list_app(APP)
    await world.make_site(SITE)
    await world.send("ann", CreateToken(app_key=APP))
    link = Link(APP, 1, KEYS.token(APP, 1)).url(MARKETPLACE)
    await world.send("ann", InstallApp(site_id=SITE, url=link))
    (asked,) = [row for row in world.published("installation") if row.topic.endswith("Requested")]

    async def broken(command: Command, envelope: Envelope) -> Reply:
        raise RuntimeError(f"no way with {command} of {envelope.actor}")

    install = InstallProcess(
        KEYS, broken, world.decide, world.under_way, world.tellings, world.tell
    )
    own = Pipeline(world.stores["installation"], {})
    process = Process("x", "installation", install, own)
    letter = letter_of(asked)
    with pytest.raises(RuntimeError):
        await process.redeliver(letter)
    await process.discard(letter)
    await process.discard(replace(letter, body=b"{"))
    app = world.stores["installation"].load(Site, SITE).on_site(APP)
    assert (app.under_way, getattr(app.ending(1), "code", None)) == (None, WHY.code)
    again = await world.send("ann", InstallApp(site_id=SITE, url=link))
    assert again.status == "accepted"
    own.close()
    world.close()
