"""Installing, updating and uninstalling apps."""

from typing import Any

import pytest

from services.installation import refusals
from services.installation.commands import (
    ApproveUpdate,
    DisableApp,
    InstallApp,
    LicenceState,
    UninstallApp,
)
from services.installation.domain import App as Listed
from services.installation.domain import Site
from services.installation.events import (
    AppUninstalled,
    AppUpdated,
    InstallFailed,
    UpdateOffered,
)
from services.installation.queries import App
from services.installation.steps import AttachToken, FailInstall, FinishInstall, UpdateApp
from services.token.refusals import TokenInvalid
from shared.errors import Refusal
from shared.messages import Event
from shared.testing import Scenario
from tests.installation.examples import (
    ANN,
    APP,
    ATTACHED,
    CLEARED,
    INSTALLATION,
    INSTALLED,
    LICENSED,
    REGISTERED,
    REMOVED,
    SITE,
    UNLICENSED,
    URL,
    app_seen,
    licence,
    link,
    on_site,
    requested,
    version_seen,
)
from tests.rules import rule

FINISH = FinishInstall(site_id=SITE, app_key=APP, attempt=1)
FAIL = FailInstall(site_id=SITE, app_key=APP, attempt=1, code="x", detail="y")
FAILED = InstallFailed(
    site_id=SITE, app_key=APP, installation_id=INSTALLATION, code="x", detail="y"
)
SECOND, MINOR = version_seen(2, "1.0.1"), version_seen(2, "1.1.0", change="minor")
PUBLIC = (app_seen(status="public"), version_seen(visibility="public"))
OFFERED = UpdateOffered(site_id=SITE, app_key=APP, build=2, version="1.1.0")
UPDATE = UpdateApp(site_id=SITE, app_key=APP)


def updated(number: str = "1.0.1", build: int = 2) -> AppUpdated:
    """The app has another version."""
    fields = INSTALLED.model_dump() | {"version": number, "build": build}
    return AppUpdated(**fields, from_version="1.0.0")


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
    scenario.when(FAIL, actor="guestlist").then(CLEARED, FAILED)
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


def test_a_free_version_after_a_free_one_begins_no_licence(scenario: Scenario) -> None:
    free = {"paid": False, "build": 2, "version": "1.0.1"}
    on_site(scenario, requested(token_id=1, paid=False), ATTACHED, INSTALLED, requested(2, **free))
    finish = FINISH.model_copy(update={"attempt": 2})
    scenario.when(finish, actor="guestlist").then(updated())


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


def test_during_an_install_no_update_begins(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED, requested(2), app=(app_seen(), version_seen(), SECOND))
    scenario.when(UPDATE, actor="guestlist").then()


def test_what_is_not_installed_is_not_updated(scenario: Scenario) -> None:
    on_site(scenario).when(UPDATE, actor="guestlist").then()
