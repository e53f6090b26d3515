"""How an attempt to install an app goes on is told, and how the last ones went."""

from typing import Any

from services.installation import refusals
from services.installation.commands import InstallApp
from services.installation.domain.hooks import KEPT
from services.installation.queries import AppDescriptor, InstallAttempt
from services.installation.steps import FailInstall, FinishInstall
from shared.testing import Scenario
from tests.installation.examples import (
    ANN,
    APP,
    DESCRIPTOR,
    INSTALLED,
    SITE,
    UNLICENSED,
    link,
    on_site,
    requested,
)
from tests.installation.telling import BEGUN, answer

ON_SITE: dict[str, Any] = {"site_id": SITE, "app_key": APP}
SHOWN = ON_SITE | {"attempt": 1, "code": None, "detail": None, "status": None}


def how(scenario: Scenario, attempt: int = 1) -> dict[str, Any]:
    """What is told of an attempt."""
    return scenario.ask(InstallAttempt(**ON_SITE, attempt=attempt), actor=ANN)


def test_an_attempt_is_under_way_until_it_is_done(scenario: Scenario) -> None:
    on_site(scenario, requested())
    assert how(scenario) == SHOWN | {"state": "under-way"}
    scenario.when(FinishInstall(**ON_SITE, attempt=1), actor="guestlist").then(INSTALLED)
    assert how(scenario) == SHOWN | {"state": "done"}


def test_an_attempt_that_failed_says_why(scenario: Scenario) -> None:
    on_site(scenario, BEGUN).when(answer(outcome="refused", status=500), actor="guestlist")
    why = refusals.HookRefused(url="https://app.example.com/installed", status=500)
    told = {"state": "failed", "code": why.code, "detail": why.detail, "status": 500}
    assert how(scenario) == SHOWN | told


def test_the_last_attempts_are_known_and_no_other(scenario: Scenario) -> None:
    on_site(scenario, *UNLICENSED)
    for attempt in range(2, KEPT + 3):
        scenario.when(InstallApp(site_id=SITE, url=link()), actor=ANN)
        failed = FailInstall(**ON_SITE, attempt=attempt, code="x", detail="y")
        scenario.when(failed, actor="guestlist")
    assert how(scenario, 3)["state"] == "failed"
    for attempt in (1, 2, KEPT + 3):
        query = InstallAttempt(**ON_SITE, attempt=attempt)
        unknown = refusals.UnknownAttempt(**ON_SITE, attempt=attempt)
        scenario.ask_refused(query, unknown, actor=ANN)


def test_an_admin_sees_the_descriptor_of_the_version_on_the_site(scenario: Scenario) -> None:
    on_site(scenario, *UNLICENSED)
    told = scenario.ask(AppDescriptor(**ON_SITE), actor=ANN)
    assert told == ON_SITE | {"version": "1.0.0", "descriptor": DESCRIPTOR}
