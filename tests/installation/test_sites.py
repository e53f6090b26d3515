"""Sites: who administers them, and what a rename, a reset and the switch do."""

import pytest

from services.installation import refusals
from services.installation.commands import (
    AddAdmin,
    ApproveUpdate,
    ClearToken,
    DisableApp,
    DisablePrivateListings,
    EnableApp,
    EnablePrivateListings,
    GenerateToken,
    InstallApp,
    LicenceState,
    RegisterSite,
    RemoveAdmin,
    RenameSite,
    ResetSite,
    SetLicenceState,
    SetToken,
    UninstallApp,
)
from services.installation.domain import Site as Registered
from services.installation.events import (
    AdminAdded,
    AdminRemoved,
    AppUninstalled,
    InstallFailed,
    PrivateListingsDisabled,
    PrivateListingsEnabled,
    SiteRegistered,
    SiteRenamed,
    SiteReset,
)
from services.installation.queries import App, Site, SiteApps
from shared.errors import NotAnAdmin, NotAnOperator, UnknownSite
from shared.messages import Command, Query
from shared.testing import Scenario
from tests.installation.conftest import KEYS, OPERATOR
from tests.installation.examples import (
    ANN,
    APP,
    CLEARED,
    EVE,
    INSTALLATION,
    LICENSED,
    REGISTERED,
    SITE,
    licence,
    link,
    on_site,
    requested,
)
from tests.rules import rule

ADMINS_ONLY: list[Command] = [
    RenameSite(site_id=SITE, base_url="https://b.example.com"),
    ResetSite(site_id=SITE),
    AddAdmin(site_id=SITE, account=EVE),
    RemoveAdmin(site_id=SITE, account=ANN),
    EnablePrivateListings(site_id=SITE),
    DisablePrivateListings(site_id=SITE),
    InstallApp(site_id=SITE, url=link()),
    SetToken(site_id=SITE, app_key=APP, token=KEYS.token(APP, 1)),
    GenerateToken(site_id=SITE, app_key=APP),
    SetLicenceState(site_id=SITE, app_key=APP, state=LicenceState.NONE),
    ApproveUpdate(site_id=SITE, app_key=APP, version="1.1.0"),
    *(kind(site_id=SITE, app_key=APP) for kind in (ClearToken, EnableApp, DisableApp)),
    UninstallApp(site_id=SITE, app_key=APP),
]
QUERIES: list[Query] = [
    Site(site_id=SITE),
    SiteApps(site_id=SITE),
    App(site_id=SITE, app_key=APP),
]
ASKED = RegisterSite(site_id=SITE, base_url=REGISTERED.base_url, product="jira", admin=ANN)


@rule("sites.register")
def test_an_operator_registers_a_site(scenario: Scenario) -> None:
    scenario.when(ASKED, actor=EVE).then_refused(NotAnOperator())
    scenario.when(ASKED, actor=OPERATOR)
    site = scenario.ask(Site(site_id=SITE), actor=ANN)
    assert (site["product"], site["admins"], site["private_listings"]) == ("jira", [ANN], False)
    scenario.then(SiteRegistered(**ASKED.model_dump(), cloud_id=site["cloud_id"]))
    scenario.when(ASKED, actor=OPERATOR).then_refused(refusals.SiteExists(site_id=SITE))


@rule("sites.admins")
@pytest.mark.parametrize("command", ADMINS_ONLY)
def test_only_admins_change_a_site(scenario: Scenario, command: Command) -> None:
    on_site(scenario, *LICENSED)
    scenario.when(command, actor=EVE).then_refused(NotAnAdmin(site_id=SITE))


@pytest.mark.parametrize("command", ADMINS_ONLY)
def test_a_site_that_was_never_registered_is_unknown(scenario: Scenario, command: Command) -> None:
    scenario.when(command, actor=ANN).then_refused(UnknownSite(site_id=SITE))


@pytest.mark.parametrize("query", QUERIES)
def test_only_admins_see_a_site(scenario: Scenario, query: Query) -> None:
    on_site(scenario, *LICENSED)
    scenario.ask_refused(query, NotAnAdmin(site_id=SITE), actor=EVE)
    assert scenario.ask(query, actor=ANN)


@rule("sites.admins")
def test_admins_let_accounts_in_and_out_but_for_the_last(scenario: Scenario) -> None:
    on_site(scenario)
    add, remove = (kind(site_id=SITE, account=EVE) for kind in (AddAdmin, RemoveAdmin))
    added, removed = (kind(site_id=SITE, account=EVE) for kind in (AdminAdded, AdminRemoved))
    scenario.when(add, actor=ANN).then(added).when(add, actor=ANN).then()
    scenario.when(remove, actor=EVE).then(removed).when(remove, actor=ANN).then()
    scenario.when(RemoveAdmin(site_id=SITE, account=ANN), actor=ANN)
    scenario.then_refused(refusals.LastAdmin(site_id=SITE, account=ANN))


@rule("sites.rename")
def test_a_renamed_site_keeps_everything_else(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED)
    before = scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN)
    url = "https://b.example.com"
    renamed = SiteRenamed(site_id=SITE, old_base_url=REGISTERED.base_url, base_url=url)
    rename = RenameSite(site_id=SITE, base_url=url)
    scenario.when(rename, actor=ANN).then(renamed).when(rename, actor=ANN).then()
    assert scenario.ask(App(site_id=SITE, app_key=APP), actor=ANN) == before
    assert scenario.ask(Site(site_id=SITE), actor=ANN)["base_url"] == url


@rule("sites.reset")
def test_a_reset_site_has_nothing_installed(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED).when(ResetSite(site_id=SITE), actor=ANN)
    scenario.then(
        licence(LicenceState.NONE),
        CLEARED,
        AppUninstalled(site_id=SITE, app_key=APP, installation_id=INSTALLATION),
        SiteReset(site_id=SITE, generation=1),
    )
    assert scenario.ask(SiteApps(site_id=SITE), actor=ANN)["apps"] == []
    scenario.when(ResetSite(site_id=SITE), actor=ANN)
    scenario.then(SiteReset(site_id=SITE, generation=2))


@rule("sites.reset")
def test_a_reset_ends_what_is_under_way(scenario: Scenario) -> None:
    on_site(scenario, requested()).when(ResetSite(site_id=SITE), actor=ANN)
    failed = InstallFailed(
        site_id=SITE,
        app_key=APP,
        installation_id=INSTALLATION,
        code="site-reset",
        detail=refusals.SiteWasReset(site_id=SITE).detail,
    )
    scenario.then(failed, SiteReset(site_id=SITE, generation=1))


@rule("tokens.switch")
def test_the_switch_is_on_or_off(scenario: Scenario) -> None:
    scenario.given(Registered, SITE, REGISTERED)
    enable, disable = EnablePrivateListings(site_id=SITE), DisablePrivateListings(site_id=SITE)
    scenario.when(disable, actor=ANN).then()
    scenario.when(enable, actor=ANN).then(PrivateListingsEnabled(site_id=SITE))
    scenario.when(enable, actor=ANN).then()
    scenario.when(disable, actor=ANN).then(PrivateListingsDisabled(site_id=SITE))


@rule("tokens.switch")
def test_switched_off_it_changes_no_installation(scenario: Scenario) -> None:
    on_site(scenario, *LICENSED)
    before = scenario.ask(SiteApps(site_id=SITE), actor=ANN)
    scenario.when(DisablePrivateListings(site_id=SITE), actor=ANN)
    assert scenario.ask(SiteApps(site_id=SITE), actor=ANN) == before
    for command in (
        InstallApp(site_id=SITE, url=link()),
        InstallApp(site_id=SITE, url=link(token_id=2)),
        SetToken(site_id=SITE, app_key=APP, token=KEYS.token(APP, 2)),
        GenerateToken(site_id=SITE, app_key=APP),
    ):
        scenario.when(command, actor=ANN)
        scenario.then_refused(refusals.PrivateListingsDisabled(site_id=SITE))
