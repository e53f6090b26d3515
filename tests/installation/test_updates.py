"""Updates: which versions come by themselves, and which an admin approves."""

import pytest

from services.installation import refusals
from services.installation.commands import ApproveUpdate, RotateSecret
from services.installation.domain import App as Listed
from services.installation.domain import Site
from services.installation.events import AppVisibilitySeen, UpdateOffered
from services.installation.queries import App
from services.installation.steps import UpdateApp
from shared.messages import Event
from shared.testing import Scenario
from tests.installation.examples import (
    ANN,
    APP,
    CLEARED,
    INSTALLED,
    LICENSED,
    PUBLIC,
    REMOVED,
    SECOND,
    SITE,
    UNLICENSED,
    app_seen,
    on_site,
    requested,
    updated,
    version_seen,
)
from tests.rules import rule

MINOR = version_seen(2, "1.1.0", change="minor")
OFFERED = UpdateOffered(site_id=SITE, app_key=APP, build=2, version="1.1.0")
UPDATE = UpdateApp(site_id=SITE, app_key=APP)


@rule("versions.roll-out")
@pytest.mark.parametrize("change", ["major", "micro"])
def test_major_and_micro_versions_come_by_themselves(scenario: Scenario, change: str) -> None:
    newer = version_seen(2, "1.0.1", change=change, visibility="public")
    on_site(scenario, *LICENSED, app=(*PUBLIC, newer)).when(UPDATE, actor="guestlist")
    scenario.then(requested(2, build=2, version="1.0.1", private=False))


@rule("versions.approval")
@rule("versions.minor")
def test_a_minor_version_waits_for_approval(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED, app=(app_seen(), version_seen(), MINOR))
    scenario.when(UPDATE, actor="guestlist").then(OFFERED).when(UPDATE, actor="guestlist").then()
    app = scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN)
    assert (app["version"], app["waits_for_approval"]) == ("1.0.0", "1.1.0")
    approve = ApproveUpdate(site_id=SITE, app_key=APP, version="1.1.0")
    scenario.when(approve, actor=ANN).then(requested(2, build=2, version="1.1.0"))
    busy = refusals.InstallInProgress(app_key=APP, site_id=SITE)
    scenario.when(approve, actor=ANN).then_refused(busy)
    scenario.given(Site, SITE, updated("1.1.0"))
    again = refusals.NothingToApprove(app_key=APP, version="1.1.0")
    scenario.when(approve, actor=ANN).then_refused(again)


@rule("versions.approval")
def test_a_minor_version_in_between_has_to_be_approved_too(scenario: Scenario) -> None:
    third = version_seen(3, "1.1.1")
    on_site(scenario, *LICENSED, app=(app_seen(), version_seen(), MINOR, third))
    offered = OFFERED.model_copy(update={"build": 3, "version": "1.1.1"})
    scenario.when(UPDATE, actor="guestlist").then(offered)
    stale = ApproveUpdate(site_id=SITE, app_key=APP, version="1.1.0")
    nothing = refusals.NothingToApprove(app_key=APP, version="1.1.0")
    scenario.when(stale, actor=ANN).then_refused(nothing)


def test_a_version_behind_one_that_is_not_known_has_to_be_approved(scenario: Scenario) -> None:
    third = version_seen(3, "1.0.2")
    on_site(scenario, *LICENSED, app=(app_seen(), version_seen(), third))
    offered = OFFERED.model_copy(update={"build": 3, "version": "1.0.2"})
    scenario.when(UPDATE, actor="guestlist").then(offered)


@pytest.mark.parametrize("change", ["micro", "minor"])
def test_with_the_first_jwt_version_a_shared_secret_is_made(
    scenario: Scenario, change: str
) -> None:
    newer = version_seen(2, "1.1.0", change=change, authentication="jwt")
    on_site(scenario, *LICENSED, app=(app_seen(), version_seen(), newer))
    scenario.when(UPDATE, actor="guestlist")
    if change == "minor":
        scenario.when(ApproveUpdate(site_id=SITE, app_key=APP, version="1.1.0"), actor=ANN)
    begun = scenario.store.load(Site, SITE).on_site(APP).under_way
    assert begun is not None
    assert (begun.authentication, begun.secret) == ("jwt", "2.k1")


@rule("versions.stay")
@rule("tokens.without")
@pytest.mark.parametrize("events", [UNLICENSED, (*LICENSED, REMOVED), (*LICENSED, CLEARED)])
def test_without_a_token_a_private_version_does_not_come(
    scenario: Scenario, events: tuple[Event, ...]
) -> None:
    on_site(scenario, *events, app=(app_seen(), version_seen(), SECOND))
    scenario.when(UPDATE, actor="guestlist").then()


@rule("versions.follow")
@rule("versions.beta")
@rule("versions.made-private")
@pytest.mark.parametrize("private", [True, False])
def test_private_versions_come_only_after_a_private_link(scenario: Scenario, private: bool) -> None:
    came = requested(private=private), INSTALLED
    on_site(scenario, *came, app=(*PUBLIC, SECOND)).when(UPDATE, actor="guestlist")
    scenario.then(*([requested(2, build=2, version="1.0.1")] if private else []))


@rule("versions.follow")
@pytest.mark.parametrize("hidden", ["version", "listing"])
def test_what_was_hidden_after_it_was_offered_is_not_approved(
    scenario: Scenario, hidden: str
) -> None:
    offered = version_seen(2, "1.1.0", change="minor", visibility="public")
    came = requested(private=False), INSTALLED
    on_site(scenario, *came, app=(*PUBLIC, offered)).when(UPDATE, actor="guestlist").then(OFFERED)
    now = AppVisibilitySeen(app_key=APP, build=2, visibility="private")
    scenario.given(Listed, APP, now if hidden == "version" else app_seen(status="private"))
    nothing = refusals.NothingToApprove(app_key=APP, version="1.1.0")
    approve = ApproveUpdate(site_id=SITE, app_key=APP, version="1.1.0")
    scenario.when(approve, actor=ANN).then_refused(nothing)


@rule("versions.follow")
def test_another_secret_for_a_hidden_version_brings_no_private_ones(scenario: Scenario) -> None:
    came = requested(private=False, authentication="jwt", secret="1.k1"), INSTALLED
    hidden = AppVisibilitySeen(app_key=APP, build=1, visibility="private")
    on_site(scenario, *came, app=(*PUBLIC, hidden)).when(
        RotateSecret(site_id=SITE, app_key=APP), actor=ANN
    )
    begun = scenario.store.load(Site, SITE).on_site(APP).under_way
    assert begun is not None
    assert not begun.private


def test_during_an_install_no_update_begins(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED, requested(2), app=(app_seen(), version_seen(), SECOND))
    scenario.when(UPDATE, actor="guestlist").then()


def test_what_is_not_installed_is_not_updated(scenario: Scenario) -> None:
    on_site(scenario).when(UPDATE, actor="guestlist").then()
