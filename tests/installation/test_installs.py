"""Installing and uninstalling apps."""

from typing import Any

import pytest

from services.installation import refusals
from services.installation.commands import (
    DisableApp,
    InstallApp,
    LicenceState,
    UninstallApp,
)
from services.installation.domain import App as Listed
from services.installation.domain import Site
from services.installation.events import (
    AppUninstalled,
    InstallFailed,
)
from services.installation.queries import App
from services.installation.steps import AttachToken, FailInstall, FinishInstall
from services.token.refusals import TokenInvalid
from shared.errors import Refusal
from shared.testing import Scenario
from tests.installation.examples import (
    ANN,
    APP,
    ATTACHED,
    CLEARED,
    INSTALLATION,
    INSTALLED,
    LICENSED,
    PUBLIC,
    REGISTERED,
    REMOVED,
    SECOND,
    SITE,
    UNLICENSED,
    URL,
    app_seen,
    licence,
    link,
    on_site,
    requested,
    updated,
    version_seen,
)
from tests.rules import rule

FINISH = FinishInstall(site_id=SITE, app_key=APP, attempt=1)
FAIL = FailInstall(site_id=SITE, app_key=APP, attempt=1, code="x", detail="y")
FAILED = InstallFailed(
    site_id=SITE, app_key=APP, installation_id=INSTALLATION, code="x", detail="y"
)


def install(url: str) -> InstallApp:
    """The command that installs from there."""
    return InstallApp(site_id=SITE, url=url)


@rule("installs.link")
@pytest.mark.parametrize(
    ("url", "fields"),
    [
        (link(), {"build": 1}),
        (link(token_id=7), {"build": 1, "token_id": 7}),
        (URL, {"build": 2, "version": "1.0.1"}),
    ],
)
def test_an_install_begins_from_a_link_or_the_descriptors_url(
    scenario: Scenario, url: str, fields: dict[str, Any]
) -> None:
    on_site(scenario, app=(app_seen(), version_seen(), SECOND)).when(install(url), actor=ANN)
    scenario.then(requested(**fields))
    assert scenario.result == {"installation_id": INSTALLATION, "app_key": APP, "attempt": 1}


@rule("installs.link")
@pytest.mark.parametrize(
    ("url", "refusal"),
    [
        (link(2), refusals.DescriptorNotListed()),
        (link(app_key="com.example.other"), refusals.DescriptorNotListed()),
        (link().replace("market", "other"), refusals.DescriptorNotListed()),
        (f"{URL}?", refusals.DescriptorNotListed()),
        (f"{link(token_id=1)}A", TokenInvalid(app_key=APP)),
        (f"{link()}?access-token=", TokenInvalid(app_key=APP)),
    ],
)
def test_what_leads_to_no_app_installs_nothing(
    scenario: Scenario, url: str, refusal: Refusal
) -> None:
    if url.endswith("="):
        url = f"{link()}?access-token=x"
    on_site(scenario).when(install(url), actor=ANN).then_refused(refusal)


@rule("installs.link")
@rule("versions.follow")
@pytest.mark.parametrize("status", ["submitted", "rejected"])
def test_a_public_version_is_installed_only_while_the_listing_is_public(
    scenario: Scenario, status: str
) -> None:
    on_site(scenario, app=(app_seen(status=status), version_seen(visibility="public")))
    for url in (link(), URL):
        scenario.when(install(url), actor=ANN).then_refused(refusals.DescriptorNotListed())
    scenario.given(Listed, APP, app_seen(status="public"), SECOND)
    scenario.when(install(URL), actor=ANN).then(requested(private=False))


@rule("installs.product")
def test_an_app_for_another_product_is_refused(scenario: Scenario) -> None:
    on_site(scenario, app=(app_seen(product="confluence"), version_seen()))
    mismatch = refusals.ProductMismatch(app_key=APP, app_product="confluence", site_product="jira")
    scenario.when(install(link()), actor=ANN).then_refused(mismatch)


@rule("tokens.switch")
def test_a_public_app_needs_no_switch_until_a_token_comes_with_it(scenario: Scenario) -> None:
    scenario.given(Listed, APP, *PUBLIC).given(Site, SITE, REGISTERED)
    scenario.when(install(link(token_id=1)), actor=ANN)
    scenario.then_refused(refusals.PrivateListingsDisabled(site_id=SITE))
    scenario.when(install(link()), actor=ANN).then(requested(private=False))


@rule("installs.one")
def test_one_install_at_a_time(scenario: Scenario) -> None:
    on_site(scenario, requested())
    busy = refusals.InstallInProgress(app_key=APP, site_id=SITE)
    scenario.when(install(link()), actor=ANN).then_refused(busy)
    live = (UNLICENSED[1], requested(2))
    scenario.given(Site, SITE, *live).when(
        UninstallApp(site_id=SITE, app_key=APP), actor=ANN
    ).then_refused(busy)


@rule("tokens.without")
def test_without_a_token_an_app_is_installed_unlicensed(scenario: Scenario) -> None:
    on_site(scenario, requested()).when(FINISH, actor="guestlist").then(INSTALLED)
    app = scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN)
    assert (app["licence"], app["lic"], app["licence_read_only"]) == ("NONE", "none", False)


@rule("licence.fresh")
def test_with_a_token_the_licence_begins_as_an_active_subscription(scenario: Scenario) -> None:
    on_site(scenario, requested(token_id=1))
    attach = AttachToken(site_id=SITE, app_key=APP, attempt=1, token_id=1)
    scenario.when(attach, actor="guestlist").then(ATTACHED)
    active = licence(LicenceState.ACTIVE_SUBSCRIPTION)
    scenario.when(FINISH, actor="guestlist").then(INSTALLED, active)


@rule("tokens.remove")
def test_a_token_that_was_removed_meanwhile_licenses_nothing(scenario: Scenario) -> None:
    on_site(scenario, requested(token_id=1), ATTACHED, REMOVED)
    scenario.when(FINISH, actor="guestlist").then(INSTALLED)


@rule("installs.update")
def test_a_failed_install_leaves_nothing_and_its_token_cleared(scenario: Scenario) -> None:
    on_site(scenario, requested(token_id=1), ATTACHED)
    scenario.when(FAIL, actor="guestlist").then(FAILED, CLEARED)
    missing = refusals.NotInstalled(app_key=APP, site_id=SITE)
    scenario.ask_refused(App(site_id=SITE, app_key=APP), missing, actor=ANN)
    scenario.when(install(link()), actor=ANN)
    scenario.then(requested(2, installation_id=f"{SITE}/{APP}/2"))


@rule("installs.update")
def test_a_failed_update_leaves_all_as_it_was(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED, requested(2, build=2, version="1.0.1"))
    before = scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN)
    fail = FAIL.model_copy(update={"attempt": 2})
    scenario.when(fail, actor="guestlist").then(FAILED)
    assert scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN) == before


@rule("installs.update")
def test_installing_a_live_app_is_an_update(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED, app=(app_seen(), version_seen(), SECOND))
    again = requested(2, build=2, version="1.0.1")
    scenario.when(install(link(2)), actor=ANN).then(again)
    finish = FINISH.model_copy(update={"attempt": 2})
    scenario.when(finish, actor="guestlist").then(updated())


def test_a_free_version_after_a_free_one_begins_no_licence(scenario: Scenario) -> None:
    free = {"paid": False, "build": 2, "version": "1.0.1"}
    on_site(scenario, requested(token_id=1, paid=False), ATTACHED, INSTALLED, requested(2, **free))
    finish = FINISH.model_copy(update={"attempt": 2})
    scenario.when(finish, actor="guestlist").then(updated())


@pytest.mark.parametrize("command", [FINISH, FAIL])
def test_a_step_of_an_install_that_ended_has_no_effect(
    scenario: Scenario, command: FinishInstall | FailInstall
) -> None:
    on_site(scenario, *UNLICENSED).when(command, actor="guestlist").then()
    scenario.given(Site, SITE, requested(2)).when(command, actor="guestlist").then()


@rule("installs.uninstall")
def test_an_uninstalled_app_is_gone_with_its_token_cleared(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED)
    uninstall = UninstallApp(site_id=SITE, app_key=APP)
    gone = AppUninstalled(site_id=SITE, app_key=APP, installation_id=INSTALLATION)
    scenario.when(uninstall, actor=ANN).then(licence(LicenceState.NONE), CLEARED, gone)
    missing = refusals.NotInstalled(app_key=APP, site_id=SITE)
    scenario.when(uninstall, actor=ANN).then_refused(missing)
    scenario.when(install(link()), actor=ANN)
    scenario.then(requested(2, installation_id=f"{SITE}/{APP}/2"))


def test_an_app_that_left_is_as_if_it_never_was(scenario: Scenario) -> None:
    """Enabled, free until a paid version comes, and following only what its next link leads to."""
    on_site(scenario, *LICENSED).when(DisableApp(site_id=SITE, app_key=APP), actor=ANN)
    app = scenario.store.load(Site, SITE).on_site(APP)
    assert (app.enabled, app.paid, app.private) == (False, True, True)
    scenario.when(UninstallApp(site_id=SITE, app_key=APP), actor=ANN)
    app = scenario.store.load(Site, SITE).on_site(APP)
    assert (app.enabled, app.paid, app.private) == (True, False, False)
