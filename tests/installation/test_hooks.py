"""What an app is to be told, in which order, and what becomes of an install by its answer."""

from typing import Any

import pytest

from services.installation import refusals
from services.installation.commands import (
    DisableApp,
    EnableApp,
    HookOutcome,
    InstallApp,
    RenameSite,
    ResetSite,
    RotateSecret,
    SendHook,
    UninstallApp,
)
from services.installation.domain import App, Site
from services.installation.events import (
    AppUpdated,
    HookRequested,
    InstallFailed,
    InstallRequested,
)
from services.installation.steps import UpdateApp
from shared.messages import Command, Event
from shared.testing import Scenario
from tests.installation.examples import (
    ANN,
    APP,
    BASE_URL,
    INSTALLATION,
    INSTALLED,
    REGISTERED,
    SITE,
    app_seen,
    attached,
    link,
    on_site,
    requested,
    version_seen,
)
from tests.installation.telling import (
    BEGUN,
    DESCRIPTOR,
    DISABLED,
    HOOKS,
    JWT,
    LEFT,
    ON_SITE,
    SEEN,
    UPGRADE,
    answer,
    answered,
    due,
    live,
    tellings,
)
from tests.rules import rule


@rule("hooks.install")
def test_an_app_is_installed_once_it_took_the_hook(scenario: Scenario) -> None:
    on_site(scenario, app=(SEEN,)).when(InstallApp(site_id=SITE, url=link()), actor=ANN)
    scenario.then(BEGUN)
    (telling,) = tellings(scenario)
    assert (telling.due.hook, telling.due.cause, telling.install) == ("installed", 3, True)
    assert (telling.base_url, telling.product) == (REGISTERED.base_url, "jira")
    scenario.when(answer(), actor="guestlist").then(answered(), INSTALLED)
    assert due(scenario) == [("enabled", 5)]


@rule("hooks.install")
@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (
            {"outcome": "refused", "status": 500},
            refusals.HookRefused(url=f"{BASE_URL}/installed", status=500),
        ),
        (
            {"outcome": "timeout", "status": None},
            refusals.HookTimeout(url=f"{BASE_URL}/installed"),
        ),
        (
            {"outcome": "unreachable", "status": None, "head": "no route"},
            refusals.HookUnreachable(url=f"{BASE_URL}/installed", reason="no route"),
        ),
    ],
)
def test_an_app_that_does_not_take_it_is_not_installed(
    scenario: Scenario, fields: dict[str, Any], why: Any
) -> None:
    on_site(scenario, BEGUN).when(answer(**fields), actor="guestlist")
    failed = InstallFailed(
        **ON_SITE,
        installation_id=INSTALLATION,
        code=why.code,
        detail=why.detail,
        status=fields["status"],
    )
    scenario.then(answered(**fields), failed)
    assert due(scenario) == []


@rule("hooks.install")
def test_where_hooks_are_switched_off_an_install_goes_on(scenario: Scenario) -> None:
    on_site(scenario, BEGUN).when(answer(outcome="not-sent", status=None), actor="guestlist")
    scenario.then(answered(outcome="not-sent", status=None), INSTALLED)


@rule("hooks.install")
def test_an_upgrade_that_fails_leaves_the_version_before(scenario: Scenario) -> None:
    on_site(scenario, *live(UPGRADE))
    assert due(scenario) == [("installed", 7)]
    scenario.when(answer(cause=7, outcome="timeout", status=None), actor="guestlist")
    site = scenario.store.load(Site, SITE).on_site(APP)
    assert (site.live, site.request, site.hooks.due) == (INSTALLED, BEGUN, ())


@rule("versions.roll-out")
@pytest.mark.parametrize(
    ("outcome", "after", "begins"),
    [("refused", 2, False), ("timeout", 2, False), ("unreachable", 2, False), ("refused", 3, True)],
)
def test_a_version_that_the_app_did_not_take_is_not_tried_again_by_itself(
    scenario: Scenario, outcome: HookOutcome, after: int, begins: bool
) -> None:
    fields = {"authentication": "jwt", "descriptor": DESCRIPTOR, "visibility": "private"}
    second = version_seen(2, "1.0.1", **fields)
    on_site(scenario, *live(attached(1), UPGRADE), app=(app_seen(), SEEN, second))
    scenario.when(answer(cause=8, outcome=outcome, status=None), actor="guestlist")
    if after == 3:
        scenario.given(App, APP, version_seen(3, "1.0.2", **fields))
    scenario.when(UpdateApp(**ON_SITE), actor="guestlist")
    assert (scenario.store.load(Site, SITE).on_site(APP).under_way is not None) == begins
    if not begins:
        scenario.when(InstallApp(site_id=SITE, url=link(2)), actor=ANN)
        assert due(scenario) == [("installed", 11)]


@rule("hooks.secret")
def test_an_update_keeps_the_secret_and_a_new_installation_gets_another(
    scenario: Scenario,
) -> None:
    install = InstallApp(site_id=SITE, url=link())
    on_site(scenario, *live(), app=(SEEN,)).when(install, actor=ANN).then(requested(2, **JWT))
    scenario.when(answer(cause=7), actor="guestlist")
    assert due(scenario) == []
    scenario.when(UninstallApp(**ON_SITE), actor=ANN)
    scenario.when(install, actor=ANN)
    again = JWT | {"secret": "3.k1", "installation_id": f"{SITE}/{APP}/3"}
    scenario.then(requested(3, **again))


@rule("hooks.secret")
def test_a_secret_is_changed_by_an_update_to_the_same_version(scenario: Scenario) -> None:
    on_site(scenario, *live(), app=(SEEN,)).when(RotateSecret(**ON_SITE), actor=ANN)
    scenario.then(requested(2, **JWT | {"secret": "2.k1"}))
    assert scenario.result == {"installation_id": INSTALLATION, "app_key": APP, "attempt": 2}
    scenario.when(answer(cause=7, outcome="refused", status=500), actor="guestlist")
    assert scenario.store.load(Site, SITE).on_site(APP).request == BEGUN
    scenario.when(RotateSecret(**ON_SITE), actor=ANN)
    scenario.when(answer(cause=10), actor="guestlist")
    request = scenario.store.load(Site, SITE).on_site(APP).request
    assert request is not None
    assert request.secret == "3.k1"


@rule("hooks.secret")
def test_what_is_due_is_told_with_the_secret_that_counts_by_then(scenario: Scenario) -> None:
    on_site(scenario, *live(), app=(SEEN,)).when(RotateSecret(**ON_SITE), actor=ANN)
    rename = RenameSite(site_id=SITE, base_url="https://b.example.com")
    scenario.when(rename, actor=ANN)
    assert [row.request.secret for row in tellings(scenario)] == ["2.k1", "1.k1"]
    scenario.when(answer(cause=7), actor="guestlist")
    (told,) = tellings(scenario)
    assert (told.request.secret, told.base_url) == ("2.k1", "https://b.example.com")


def test_a_site_that_is_renamed_during_an_install_is_told_once_more(scenario: Scenario) -> None:
    on_site(scenario, BEGUN)
    rename = RenameSite(site_id=SITE, base_url="https://b.example.com")
    scenario.when(rename, actor=ANN).when(answer(), actor="guestlist")
    assert due(scenario) == [("installed", 4), ("enabled", 6)]


def test_a_rename_during_an_install_that_fails_is_told_to_nobody(scenario: Scenario) -> None:
    on_site(scenario, BEGUN)
    rename = RenameSite(site_id=SITE, base_url="https://b.example.com")
    scenario.when(rename, actor=ANN)
    scenario.when(answer(outcome="refused", status=500), actor="guestlist")
    assert due(scenario) == []


@rule("hooks.secret")
def test_a_secret_is_not_changed_while_an_update_is_under_way(scenario: Scenario) -> None:
    on_site(scenario, *live(UPGRADE), app=(SEEN,)).when(RotateSecret(**ON_SITE), actor=ANN)
    scenario.then_refused(refusals.InstallInProgress(**ON_SITE))


@rule("hooks.secret")
def test_what_has_no_secret_has_none_to_change(scenario: Scenario) -> None:
    on_site(scenario).when(RotateSecret(**ON_SITE), actor=ANN)
    scenario.then_refused(refusals.NotInstalled(**ON_SITE))
    scenario.given(Site, SITE, requested(), INSTALLED).when(RotateSecret(**ON_SITE), actor=ANN)
    scenario.then_refused(refusals.NoSecret(**ON_SITE))


@rule("hooks.order")
@pytest.mark.parametrize(
    ("before", "command", "hooks"),
    [
        ([], DisableApp(**ON_SITE), [("disabled", 7)]),
        ([DISABLED, answered("disabled", 7)], DisableApp(**ON_SITE), []),
        ([DISABLED, answered("disabled", 7)], EnableApp(**ON_SITE), [("enabled", 9)]),
        ([], UninstallApp(**ON_SITE), [("disabled", 7), ("uninstalled", 7)]),
        ([DISABLED], UninstallApp(**ON_SITE), [("disabled", 7), ("uninstalled", 8)]),
        (
            [],
            RenameSite(site_id=SITE, base_url="https://b.example.com"),
            [("installed", 7)],
        ),
        ([], ResetSite(site_id=SITE), [("disabled", 7), ("uninstalled", 7)]),
        ([LEFT], RenameSite(site_id=SITE, base_url="https://b.example.com"), None),
    ],
)
def test_an_app_is_told_what_becomes_of_it(
    scenario: Scenario, before: list[Event], command: Command, hooks: list[Any] | None
) -> None:
    on_site(scenario, *live(*before)).when(command, actor=ANN)
    assert due(scenario) == ([("disabled", 7), ("uninstalled", 7)] if hooks is None else hooks)


@rule("hooks.order")
def test_an_app_is_told_only_what_it_wants(scenario: Scenario) -> None:
    wants = requested(**JWT | {"hooks": {"uninstalled": "/bye"}})
    on_site(scenario, wants, INSTALLED)
    assert due(scenario) == []
    scenario.when(UninstallApp(**ON_SITE), actor=ANN)
    assert due(scenario) == [("uninstalled", 5)]


@rule("hooks.order")
def test_what_a_new_version_does_not_want_to_be_told_is_not_due_any_more(
    scenario: Scenario,
) -> None:
    fewer = {hook: path for hook, path in HOOKS.items() if hook != "disabled"}
    upgrade = UPGRADE.model_copy(update={"hooks": fewer})
    on_site(scenario, *live(upgrade, DISABLED))
    assert due(scenario) == [("installed", 7), ("disabled", 8)]
    scenario.when(answer(cause=7), actor="guestlist")
    assert due(scenario) == []


@rule("hooks.order")
def test_what_is_due_is_not_asked_for_twice(scenario: Scenario) -> None:
    again = SendHook(**ON_SITE, hook="installed")
    asked = HookRequested(**ON_SITE, hook="installed")
    on_site(scenario, *live()).when(again, actor=ANN).then(asked).when(again, actor=ANN).then()
    scenario.when(answer(cause=7), actor="guestlist").when(again, actor=ANN).then(asked)


@rule("hooks.order")
def test_an_answer_to_what_is_not_due_changes_nothing(scenario: Scenario) -> None:
    for late in (answer(), answer("enabled"), answer(cause=7)):
        on_site(scenario, *live()).when(late, actor="guestlist").then()


@rule("hooks.order")
def test_an_install_that_ended_otherwise_is_not_told_any_more(scenario: Scenario) -> None:
    on_site(scenario, BEGUN).when(ResetSite(site_id=SITE), actor=ANN)
    assert due(scenario) == []
    scenario.when(answer(), actor="guestlist").then()


@rule("sites.reset")
def test_a_site_that_began_anew_is_another_one_for_its_apps(scenario: Scenario) -> None:
    on_site(scenario, *live(), app=(SEEN,)).when(ResetSite(site_id=SITE), actor=ANN)
    assert {row.request.generation for row in tellings(scenario)} == {0}
    scenario.when(InstallApp(site_id=SITE, url=link()), actor=ANN)
    (*_, last) = tellings(scenario)
    assert (last.due.hook, last.request.generation) == ("installed", 1)


def test_old_installs_tell_nobody_anything(scenario: Scenario) -> None:
    old = InstallRequested(
        **ON_SITE,
        installation_id=INSTALLATION,
        attempt=1,
        build=1,
        version="1.0.0",
        authentication="none",
        paid=True,
        private=True,
    )
    updated = AppUpdated(**INSTALLED.model_dump(), from_version="1.0.0")
    on_site(scenario, old, INSTALLED, DISABLED, updated, LEFT)
    assert due(scenario) == []
