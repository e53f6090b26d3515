"""What an app was told is shown, and told again where it stands."""

from pathlib import Path

import pytest

from services.installation import refusals
from services.installation.commands import (
    Hook,
    HookOutcome,
    SendHook,
)
from services.installation.domain import Site
from services.installation.events import (
    HookRequested,
    InstallFailed,
    SiteReset,
)
from services.installation.queries import Deliveries, InstallKey
from shared.install_keys import InstallKeys
from shared.messages import Event
from shared.testing import Scenario
from tests.installation.examples import (
    ANN,
    APP,
    INSTALLATION,
    REGISTERED,
    SITE,
    on_site,
)
from tests.installation.telling import BEGUN, DISABLED, HOOKS, LEFT, ON_SITE, answered, due, live
from tests.rules import rule

GONE = [LEFT, answered("disabled", 7), answered("uninstalled", 7)]


@rule("hooks.again")
@pytest.mark.parametrize(
    ("before", "hooks"),
    [
        ([], {"installed", "enabled"}),
        ([DISABLED, answered("disabled", 7)], {"installed", "disabled"}),
        (GONE, {"uninstalled"}),
        ([*GONE, SiteReset(site_id=SITE, generation=1)], {"uninstalled"}),
    ],
)
def test_an_app_is_told_again_where_it_stands_and_nothing_else(
    scenario: Scenario, before: list[Event], hooks: set[Hook]
) -> None:
    on_site(scenario, *live(*before))
    for hook in HOOKS:
        scenario.when(SendHook(**ON_SITE, hook=hook), actor=ANN)
        if hook in hooks:
            scenario.then(HookRequested(**ON_SITE, hook=hook))
            assert (hook, scenario.store.load(Site, SITE).version) in due(scenario)
        else:
            scenario.then_refused(refusals.HookNotDue(**ON_SITE, hook=hook))


@rule("hooks.again")
def test_what_was_never_there_is_told_nothing(scenario: Scenario) -> None:
    on_site(scenario).when(SendHook(**ON_SITE, hook="uninstalled"), actor=ANN)
    scenario.then_refused(refusals.HookNotDue(**ON_SITE, hook="uninstalled"))
    failed = InstallFailed(**ON_SITE, installation_id=INSTALLATION, code="x", detail="y")
    scenario.given(Site, SITE, BEGUN, failed)
    scenario.when(SendHook(**ON_SITE, hook="uninstalled"), actor=ANN)
    scenario.then_refused(refusals.HookNotDue(**ON_SITE, hook="uninstalled"))


@rule("hooks.shown")
def test_an_admin_sees_what_the_app_was_told(scenario: Scenario) -> None:
    refused: HookOutcome = "refused"
    last = answered("disabled", 7, outcome=refused, status=500, head="boom")
    view = on_site(scenario, *live(DISABLED, last, LEFT)).ask(Deliveries(**ON_SITE), actor=ANN)
    told = [(row["hook"], row["outcome"], row["status"], row["head"]) for row in view["deliveries"]]
    assert told == [
        ("installed", "taken", 204, ""),
        ("enabled", "taken", 204, ""),
        ("disabled", "refused", 500, "boom"),
    ]
    assert view["waiting"] == ["uninstalled"]


@rule("hooks.shown")
def test_the_last_20_are_shown(scenario: Scenario) -> None:
    events: list[Event] = []
    for number in range(15):
        again = HookRequested(**ON_SITE, hook="installed")
        events += [again, answered(cause=7 + 2 * number, milliseconds=number)]
    view = on_site(scenario, *live(*events)).ask(Deliveries(**ON_SITE), actor=ANN)
    assert len(view["deliveries"]) == 17
    events *= 2
    site = Site(SITE)
    for event in (REGISTERED, *live(*events)):
        site.record(event)
    assert len(site.on_site(APP).hooks.answers) == 20


def test_everybody_sees_a_public_key(scenario: Scenario, tmp_path: Path) -> None:
    keys = InstallKeys.open(tmp_path / "install-keys")
    (kid,) = keys.ids
    shown = scenario.ask(InstallKey(kid=kid), actor="stranger")
    assert shown == {"kid": kid, "pem": (keys.public(kid) or b"").decode()}
    absent = InstallKey(kid="absent")
    scenario.ask_refused(absent, refusals.UnknownKey(kid="absent"), actor="stranger")
