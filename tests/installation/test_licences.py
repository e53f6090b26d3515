"""Tokens on a site, and the licence that they give."""

import pytest

from services.installation import refusals
from services.installation.commands import (
    ClearToken,
    DisableApp,
    EnableApp,
    GenerateToken,
    LicenceState,
    SetLicenceState,
    SetToken,
)
from services.installation.domain import Site
from services.installation.events import (
    AppDisabled,
    AppEnabled,
    AppUpdated,
    TokenCleared,
)
from services.installation.needs import Apply, Generate
from services.installation.queries import App, SiteTokens
from services.installation.steps import FinishInstall
from services.token.commands import AppliedToken, ApplyToken, CreateToken
from services.token.events import TokenRemoved as Removed
from services.token.refusals import TokenBoundToOtherSite, TokenInvalid, TokenRemoved
from shared.errors import UnknownApp
from shared.testing import Scenario
from tests.installation.conftest import KEYS
from tests.installation.examples import (
    ANN,
    APP,
    ATTACHED,
    CLEARED,
    INSTALLED,
    LIC,
    LICENSED,
    REMOVED,
    SITE,
    UNLICENSED,
    attached,
    licence,
    on_site,
    requested,
)
from tests.rules import rule

ACTIVE, NONE = licence(LicenceState.ACTIVE_SUBSCRIPTION), licence(LicenceState.NONE)
TRIAL = SetLicenceState(site_id=SITE, app_key=APP, state=LicenceState.ACTIVE_TRIAL)
CLEAR = ClearToken(site_id=SITE, app_key=APP)


def set_token(token_id: int, state: LicenceState | None = None) -> SetToken:
    """The command that applies a token."""
    return SetToken(site_id=SITE, app_key=APP, token=KEYS.token(APP, token_id), state=state)


@pytest.mark.parametrize(
    "state", [pytest.param(state, marks=rule(f"licence.{state.name}")) for state in LicenceState]
)
def test_the_app_is_told_what_its_licence_stands_at(
    scenario: Scenario, state: LicenceState
) -> None:
    on_site(scenario, *LICENSED)
    switch = SetLicenceState(site_id=SITE, app_key=APP, state=state)
    changes = [] if state is LicenceState.ACTIVE_SUBSCRIPTION else [licence(state)]
    scenario.when(switch, actor=ANN).then(*changes)
    app = scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN)
    assert (app["licence"], app["lic"], app["licence_read_only"]) == (state.name, LIC[state], True)


@rule("licence.paid")
def test_a_free_app_has_no_state_and_is_told_nothing(scenario: Scenario) -> None:
    free = requested(paid=False, token_id=1), ATTACHED, INSTALLED
    on_site(scenario, *free).when(TRIAL, actor=ANN)
    scenario.then_refused(refusals.AppIsFree(app_key=APP))
    assert scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN)["lic"] is None


@rule("licence.paid")
@rule("tokens.clear")
def test_without_a_token_there_is_no_state(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED).when(CLEAR, actor=ANN).then(NONE, CLEARED)
    scenario.when(CLEAR, actor=ANN).then()
    scenario.when(TRIAL, actor=ANN)
    scenario.then_refused(refusals.NoToken(app_key=APP, site_id=SITE))


@rule("licence.fresh")
@rule("tokens.without")
def test_a_token_licenses_an_installed_app_anew(scenario: Scenario) -> None:
    scenario.prepared = AppliedToken(token_id=1)
    on_site(scenario, *UNLICENSED).when(set_token(1), actor=ANN).then(attached(1), ACTIVE)
    asked = ApplyToken(app_key=APP, token=KEYS.token(APP, 1), site_id=SITE)
    assert scenario.needed == [Apply(asked)]
    scenario.when(TRIAL, actor=ANN).when(CLEAR, actor=ANN).when(set_token(1), actor=ANN)
    scenario.then(attached(1), ACTIVE)


def test_the_token_in_use_set_again_leaves_the_licence_as_it_was_switched(
    scenario: Scenario,
) -> None:
    scenario.prepared = AppliedToken(token_id=1)
    on_site(scenario, *LICENSED).when(TRIAL, actor=ANN).when(set_token(1), actor=ANN).then()


def test_a_token_that_was_removed_stays_so_when_another_one_is(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED, REMOVED, REMOVED.model_copy(update={"token_id": 2}))
    assert not scenario.store.load(Site, SITE).on_site(APP).is_licensed_by_token


@pytest.mark.parametrize("state", LicenceState)
def test_a_token_and_its_state_are_set_at_once(scenario: Scenario, state: LicenceState) -> None:
    scenario.prepared = AppliedToken(token_id=1)
    on_site(scenario, *UNLICENSED).when(set_token(1, state), actor=ANN)
    switched = [] if state is LicenceState.ACTIVE_SUBSCRIPTION else [licence(state)]
    scenario.then(attached(1), ACTIVE, *switched)
    (row,) = scenario.ask(SiteTokens(site_id=SITE), actor=ANN)["tokens"]
    number = row.pop("entitlement_number")
    assert (number is None) == (state is LicenceState.NONE)
    assert row == {
        "app_key": APP,
        "key": APP,
        "token_id": 1,
        "token": KEYS.token(APP, 1),
        "licence": state.name,
        "valid": state.active,
    }


def test_a_free_app_refuses_a_state_before_its_token_is_bound(scenario: Scenario) -> None:
    """Case 14."""
    on_site(scenario, requested(paid=False), INSTALLED)
    scenario.when(set_token(1, LicenceState.ACTIVE_TRIAL), actor=ANN)
    scenario.then_refused(refusals.AppIsFree(app_key=APP))
    assert scenario.needed == []


def test_the_token_of_a_free_app_is_valid_until_it_is_removed(scenario: Scenario) -> None:
    on_site(scenario, requested(paid=False, token_id=1), ATTACHED, INSTALLED)
    (row,) = scenario.ask(SiteTokens(site_id=SITE), actor=ANN)["tokens"]
    assert (row["valid"], row["licence"]) == (True, "NONE")
    scenario.given(Site, SITE, REMOVED)
    (row,) = scenario.ask(SiteTokens(site_id=SITE), actor=ANN)["tokens"]
    assert not row["valid"]
    scenario.when(CLEAR, actor=ANN)
    assert scenario.ask(SiteTokens(site_id=SITE), actor=ANN) == {"tokens": []}


@rule("tokens.clear")
def test_another_token_clears_the_one_before_in_the_same_commit(scenario: Scenario) -> None:
    scenario.prepared = AppliedToken(token_id=2)
    on_site(scenario, *LICENSED).when(set_token(2), actor=ANN)
    scenario.then(NONE, CLEARED, attached(2), ACTIVE)


@rule("tokens.disable")
def test_an_app_is_disabled_whatever_became_of_its_token(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED, REMOVED, licence(LicenceState.NONE))
    disable, enable = (kind(site_id=SITE, app_key=APP) for kind in (DisableApp, EnableApp))
    disabled, enabled = (kind(site_id=SITE, app_key=APP) for kind in (AppDisabled, AppEnabled))
    scenario.when(disable, actor=ANN).then(disabled).when(disable, actor=ANN).then()
    assert scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN)["enabled"] is False
    scenario.when(enable, actor=ANN).then(enabled).when(enable, actor=ANN).then()


@rule("tokens.bound")
@pytest.mark.parametrize(
    "refusal",
    [
        TokenBoundToOtherSite(app_key=APP, token_id=1),
        TokenRemoved(app_key=APP, token_id=1),
        TokenInvalid(app_key=APP),
    ],
)
def test_a_token_that_is_not_applied_changes_nothing(
    scenario: Scenario, refusal: TokenBoundToOtherSite | TokenRemoved | TokenInvalid
) -> None:
    scenario.prepared = refusal
    on_site(scenario, *LICENSED).when(set_token(1), actor=ANN).then_refused(refusal)


def test_a_wrong_token_is_refused_before_anybody_is_asked(scenario: Scenario) -> None:
    wrong = SetToken(site_id=SITE, app_key=APP, token=KEYS.token("com.example.other", 1))
    on_site(scenario, *LICENSED).when(wrong, actor=ANN).then_refused(TokenInvalid(app_key=APP))
    assert scenario.needed == []


@pytest.mark.parametrize("command", [set_token(1), CLEAR, TRIAL])
def test_what_is_not_installed_takes_no_token(
    scenario: Scenario, command: SetToken | ClearToken | SetLicenceState
) -> None:
    on_site(scenario).when(command, actor=ANN)
    scenario.then_refused(refusals.NotInstalled(app_key=APP, site_id=SITE))


@rule("tokens.generate")
@rule("tokens.members")
def test_a_token_is_made_and_applied_in_one_step(scenario: Scenario) -> None:
    scenario.prepared = AppliedToken(token_id=3)
    generate = GenerateToken(site_id=SITE, app_key=APP)
    on_site(scenario, *UNLICENSED).when(generate, actor=ANN).then(attached(3), ACTIVE)
    assert scenario.result == {"token_id": 3}
    asked = CreateToken(app_key=APP, note=f"made on {SITE}")
    assert scenario.needed == [Generate(asked, SITE)]
    scenario.prepared = UnknownApp(app_key=APP)
    scenario.when(generate, actor=ANN).then_refused(UnknownApp(app_key=APP))


@rule("tokens.remove")
@rule("tokens.disable")
def test_a_removed_token_makes_the_app_unlicensed_for_ever(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED)
    removed = Removed(app_key=APP, token_id=1, site_id=SITE)
    scenario.when_told(removed, service="token", aggregate=f"tokens/{APP}").then(REMOVED, NONE)
    scenario.when(TRIAL, actor=ANN)
    scenario.then_refused(refusals.NoToken(app_key=APP, site_id=SITE))


@rule("tokens.remove")
def test_the_removal_of_another_token_changes_no_licence(scenario: Scenario) -> None:
    swapped = TokenCleared(site_id=SITE, app_key=APP, token_id=1), attached(2), ACTIVE
    on_site(scenario, *LICENSED, NONE, *swapped)
    removed = Removed(app_key=APP, token_id=1, site_id=SITE)
    scenario.when_told(removed, service="token", aggregate=f"tokens/{APP}").then(REMOVED)
    unused = Removed(app_key=APP, token_id=3)
    scenario.when_told(unused, service="token", aggregate=f"tokens/{APP}").then()


@rule("tokens.public")
@rule("versions.minor")
def test_a_licence_begins_and_ends_with_a_version_that_is_paid_or_free(
    scenario: Scenario,
) -> None:
    free = requested(paid=False, token_id=1), ATTACHED, INSTALLED
    on_site(scenario, *free, requested(2, build=2, version="1.1.0"))
    finish = FinishInstall(site_id=SITE, app_key=APP, attempt=2)
    told = INSTALLED.model_dump() | {"build": 2, "version": "1.1.0"}
    paid = AppUpdated(**told, from_version="1.0.0")
    scenario.when(finish, actor="guestlist").then(paid, ACTIVE)
    scenario.given(Site, SITE, requested(3, paid=False))
    again = AppUpdated(**INSTALLED.model_dump(), from_version="1.1.0")
    finish = FinishInstall(site_id=SITE, app_key=APP, attempt=3)
    scenario.when(finish, actor="guestlist").then(again, NONE)
