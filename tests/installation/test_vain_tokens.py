"""A token that was applied for an install which failed, or may have been, is cleared."""

from services.installation.events import InstallFailed
from services.installation.queries import App
from services.installation.steps import AttachToken, FailInstall
from shared.testing import Scenario
from tests.installation.examples import (
    ANN,
    APP,
    CLEARED,
    INSTALLATION,
    LICENSED,
    SITE,
    UNLICENSED,
    on_site,
    requested,
)
from tests.rules import rule

FAIL = FailInstall(site_id=SITE, app_key=APP, attempt=1, code="x", detail="y")
FAILED = InstallFailed(
    site_id=SITE, app_key=APP, installation_id=INSTALLATION, code="x", detail="y"
)


@rule("installs.update")
def test_a_token_applied_for_an_install_that_ended_is_cleared(scenario: Scenario) -> None:
    late = AttachToken(site_id=SITE, app_key=APP, attempt=1, token_id=1)
    on_site(scenario, *UNLICENSED).when(late, actor="guestlist").then(CLEARED)
    assert scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN)["licence"] == "NONE"


@rule("installs.update")
def test_a_token_in_use_is_not_cleared_by_an_install_that_ended(scenario: Scenario) -> None:
    late = AttachToken(site_id=SITE, app_key=APP, attempt=1, token_id=1)
    on_site(scenario, *LICENSED).when(late, actor="guestlist").then()


@rule("installs.update")
def test_a_token_that_may_have_been_applied_in_vain_is_cleared(scenario: Scenario) -> None:
    timed_out = FAIL.model_copy(update={"token_id": 1})
    on_site(scenario, requested(token_id=1)).when(timed_out, actor="guestlist")
    scenario.then(FAILED, CLEARED)


@rule("installs.update")
def test_a_token_that_may_have_been_applied_for_an_install_that_ended_is_cleared(
    scenario: Scenario,
) -> None:
    timed_out = FAIL.model_copy(update={"token_id": 1})
    on_site(scenario, requested(token_id=1), FAILED).when(timed_out, actor="guestlist")
    scenario.then(CLEARED)


@rule("installs.update")
def test_an_update_that_timed_out_leaves_the_token_before_in_use(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED, requested(2, build=2, version="1.0.1", token_id=2))
    before = scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN)
    other = CLEARED.model_copy(update={"token_id": 2})
    timed_out = FAIL.model_copy(update={"attempt": 2, "token_id": 2})
    scenario.when(timed_out, actor="guestlist").then(FAILED, other)
    assert scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN) == before
