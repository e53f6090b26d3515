"""A token that an install brings: the app runs on it once the install has ended well."""

from typing import Any

import pytest

from services.installation.commands import ClearToken, LicenceState, ResetSite, SetToken
from services.installation.domain import Site
from services.installation.events import AppUninstalled, InstallFailed, SiteReset
from services.installation.queries import App
from services.installation.refusals import SiteWasReset
from services.installation.steps import AttachToken, FailInstall, FinishInstall
from services.token.commands import AppliedToken
from shared.messages import Event
from shared.testing import Scenario
from tests.installation.conftest import KEYS
from tests.installation.examples import (
    ANN,
    APP,
    CLEARED,
    INSTALLATION,
    LICENSED,
    REMOVED,
    SECOND,
    SITE,
    UNLICENSED,
    app_seen,
    attached,
    licence,
    on_site,
    requested,
    updated,
    version_seen,
)
from tests.rules import rule

NEWER: dict[str, Any] = {"build": 2, "version": "1.0.1"}
ON_SITE: dict[str, Any] = {"site_id": SITE, "app_key": APP}
ACTIVE, NONE, TRIAL = (
    licence(state)
    for state in (
        LicenceState.ACTIVE_SUBSCRIPTION,
        LicenceState.NONE,
        LicenceState.ACTIVE_TRIAL,
    )
)
FINISH = FinishInstall(**ON_SITE, attempt=2)
FAIL = FailInstall(**ON_SITE, attempt=2, code="x", detail="y")
FAILED = InstallFailed(**ON_SITE, installation_id=INSTALLATION, code="x", detail="y")
OTHER_CLEARED = CLEARED.model_copy(update={"token_id": 2})


def licensed(scenario: Scenario) -> Scenario:
    """The app runs on its first token, and its licence was switched."""
    return on_site(scenario, *LICENSED, TRIAL, app=(app_seen(), version_seen(), SECOND))


def bring(scenario: Scenario, token_id: int) -> Scenario:
    """An update began with that token, and the token service applied it."""
    scenario.given(Site, SITE, requested(2, **NEWER, token_id=token_id))
    attach = AttachToken(**ON_SITE, attempt=2, token_id=token_id)
    return scenario.when(attach, actor="guestlist").then(attached(token_id, attempt=2))


def shown(scenario: Scenario) -> dict[str, Any]:
    """What the admin sees of the app."""
    return scenario.ask(App(**ON_SITE), actor=ANN)


@rule("installs.update")
@pytest.mark.parametrize(("token_id", "cleared"), [(2, [OTHER_CLEARED]), (1, [])])
def test_an_update_that_fails_leaves_token_and_licence_as_they_were(
    scenario: Scenario, token_id: int, cleared: list[Any]
) -> None:
    licensed(scenario)
    before = shown(scenario)
    bring(scenario, token_id)
    assert shown(scenario) == before
    scenario.when(FAIL, actor="guestlist").then(FAILED, *cleared)
    assert shown(scenario) == before
    assert (before["token_id"], before["licence"]) == (1, "ACTIVE_TRIAL")


@rule("tokens.clear")
@rule("licence.fresh")
def test_an_update_that_ends_well_takes_its_token_over_with_a_fresh_licence(
    scenario: Scenario,
) -> None:
    bring(licensed(scenario), 2)
    scenario.when(FINISH, actor="guestlist").then(NONE, CLEARED, updated(), ACTIVE)
    assert shown(scenario)["token_id"] == 2


def test_an_update_by_the_token_in_use_leaves_its_licence(scenario: Scenario) -> None:
    bring(licensed(scenario), 1)
    scenario.when(FINISH, actor="guestlist").then(updated())
    assert (shown(scenario)["token_id"], shown(scenario)["licence"]) == (1, "ACTIVE_TRIAL")


@rule("licence.fresh")
def test_the_first_token_of_a_live_app_comes_with_an_update_too(scenario: Scenario) -> None:
    brought = requested(2, **NEWER, token_id=1), attached(1, attempt=2)
    on_site(scenario, *UNLICENSED, *brought).when(FINISH, actor="guestlist")
    scenario.then(updated(), ACTIVE)


@rule("tokens.remove")
def test_a_token_that_is_removed_before_the_update_ends_licenses_nothing(
    scenario: Scenario,
) -> None:
    bring(licensed(scenario), 2)
    scenario.given(Site, SITE, REMOVED.model_copy(update={"token_id": 2}))
    assert shown(scenario)["licence"] == "ACTIVE_TRIAL"
    scenario.when(FINISH, actor="guestlist").then(NONE, CLEARED, updated())
    assert (shown(scenario)["token_id"], shown(scenario)["licence"]) == (2, "NONE")


@rule("tokens.clear")
def test_a_token_that_is_cleared_meanwhile_stays_so(scenario: Scenario) -> None:
    bring(licensed(scenario), 1)
    scenario.when(ClearToken(**ON_SITE), actor=ANN).then(NONE, CLEARED)
    scenario.when(FINISH, actor="guestlist").then(updated())
    assert shown(scenario)["token_id"] is None


@rule("tokens.clear")
@pytest.mark.parametrize(("token_id", "before"), [(3, [NONE, CLEARED]), (1, [])])
def test_a_token_that_is_set_meanwhile_stays(
    scenario: Scenario, token_id: int, before: list[Event]
) -> None:
    bring(licensed(scenario), 2)
    scenario.prepared = AppliedToken(token_id=token_id)
    command = SetToken(**ON_SITE, token=KEYS.token(APP, token_id))
    other = [*before, attached(3), ACTIVE] if token_id == 3 else []
    scenario.when(command, actor=ANN).then(OTHER_CLEARED, *other)
    scenario.when(FINISH, actor="guestlist").then(updated())
    assert shown(scenario)["token_id"] == token_id


def test_what_was_attached_at_once_stays_so(scenario: Scenario) -> None:
    """As an update did once: an old history means what it meant."""
    before = attached(2, attempt=2).model_copy(update={"brought": False})
    old = NONE, CLEARED, requested(2, **NEWER, token_id=2), before, ACTIVE, FAILED
    on_site(scenario, *LICENSED, *old)
    assert (shown(scenario)["token_id"], shown(scenario)["licence"]) == (2, ACTIVE.state.name)


def test_what_an_update_brings_is_not_cleared_by_an_attempt_that_ended(scenario: Scenario) -> None:
    bring(licensed(scenario), 2)
    late = AttachToken(**ON_SITE, attempt=1, token_id=2)
    scenario.when(late, actor="guestlist").then()


@rule("sites.reset")
def test_a_reset_clears_what_an_update_brought(scenario: Scenario) -> None:
    bring(licensed(scenario), 2)
    reset = SiteWasReset(site_id=SITE)
    failed = FAILED.model_copy(update={"code": reset.code, "detail": reset.detail})
    gone = AppUninstalled(**ON_SITE, installation_id=INSTALLATION)
    scenario.when(ResetSite(site_id=SITE), actor=ANN)
    scenario.then(failed, OTHER_CLEARED, NONE, CLEARED, gone, SiteReset(site_id=SITE, generation=1))
