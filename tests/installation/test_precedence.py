"""What stands in the way is told in a fixed order: existence, right, state, token."""

from services.installation import refusals
from services.installation.commands import InstallApp, SetToken
from services.installation.domain import App, Site
from services.token.refusals import TokenInvalid
from shared.errors import NotAnAdmin, UnknownSite
from shared.testing import Scenario
from tests.installation.conftest import KEYS
from tests.installation.examples import (
    ANN,
    APP,
    ENABLED,
    EVE,
    INSTALLED,
    REGISTERED,
    SITE,
    app_seen,
    link,
    requested,
    version_seen,
)

WRONG = KEYS.token("com.example.other", 1)
INSTALL = InstallApp(site_id=SITE, url=f"{link()}?access-token={WRONG}")
SET = SetToken(site_id=SITE, app_key=APP, token=WRONG)


def test_an_install_is_refused_by_the_first_thing_in_its_way(scenario: Scenario) -> None:
    scenario.when(INSTALL, actor=EVE).then_refused(UnknownSite(site_id=SITE))
    scenario.given(Site, SITE, REGISTERED)
    scenario.when(INSTALL, actor=EVE).then_refused(NotAnAdmin(site_id=SITE))
    scenario.when(INSTALL, actor=ANN).then_refused(refusals.DescriptorNotListed())
    scenario.given(App, APP, app_seen(product="confluence"), version_seen())
    disabled = refusals.PrivateListingsDisabled(site_id=SITE)
    scenario.when(INSTALL, actor=ANN).then_refused(disabled)
    scenario.given(Site, SITE, ENABLED, requested())
    mismatch = {"app_key": APP, "app_product": "confluence", "site_product": "jira"}
    scenario.when(INSTALL, actor=ANN).then_refused(refusals.ProductMismatch(**mismatch))
    scenario.given(App, APP, app_seen())
    busy = refusals.InstallInProgress(app_key=APP, site_id=SITE)
    scenario.when(INSTALL, actor=ANN).then_refused(busy)
    scenario.given(Site, SITE, INSTALLED)
    scenario.when(INSTALL, actor=ANN).then_refused(TokenInvalid(app_key=APP))


def test_a_token_is_refused_by_the_first_thing_in_its_way(scenario: Scenario) -> None:
    scenario.when(SET, actor=EVE).then_refused(UnknownSite(site_id=SITE))
    scenario.given(Site, SITE, REGISTERED)
    scenario.when(SET, actor=EVE).then_refused(NotAnAdmin(site_id=SITE))
    missing = refusals.NotInstalled(app_key=APP, site_id=SITE)
    scenario.when(SET, actor=ANN).then_refused(missing)
    scenario.given(Site, SITE, requested(), INSTALLED)
    disabled = refusals.PrivateListingsDisabled(site_id=SITE)
    scenario.when(SET, actor=ANN).then_refused(disabled)
    scenario.given(Site, SITE, ENABLED)
    scenario.when(SET, actor=ANN).then_refused(TokenInvalid(app_key=APP))
