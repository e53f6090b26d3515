"""What an app keeps on a site: by name, within limits, as long as it is installed."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from services.installation import refusals
from services.installation.commands import DeleteAppProperty, SetAppProperty, UninstallApp
from services.installation.domain import Properties
from services.installation.domain.properties import LIMIT
from services.installation.events import AppPropertyDeleted, AppPropertySet
from services.installation.queries import AppProperties, AppProperty
from shared.errors import NotAnAdmin, UnknownSite
from shared.names import SERVICE_ACCOUNT
from shared.testing import Scenario
from tests.installation.examples import (
    ANN,
    APP,
    EVE,
    INSTALLATION,
    INSTALLED,
    SITE,
    UNLICENSED,
    on_site,
    requested,
)

ON_SITE: dict[str, Any] = {"site_id": SITE, "app_key": APP}
KEPT = ON_SITE | {"installation_id": INSTALLATION}
SECOND = f"{SITE}/{APP}/2"


def put(name: str = "board", value: str = "1") -> SetAppProperty:
    """The command that keeps something."""
    return SetAppProperty(**ON_SITE, name=name, value=value)


def test_something_is_kept_changed_and_deleted(scenario: Scenario) -> None:
    on_site(scenario, *UNLICENSED)
    for value, created in (("1", True), ('{"a": [null]}', False)):
        scenario.when(put(value=value), actor=SERVICE_ACCOUNT)
        scenario.then(AppPropertySet(**KEPT, name="board", value=value))
        assert scenario.result == {"created": created}
    scenario.when(put(value='{"a": [null]}'), actor=SERVICE_ACCOUNT).then()
    shown = scenario.ask(AppProperty(**ON_SITE, name="board"), actor=ANN)
    assert shown == ON_SITE | {"name": "board", "value": '{"a": [null]}'}
    gone = DeleteAppProperty(**ON_SITE, name="board")
    scenario.when(gone, actor=ANN).then(AppPropertyDeleted(**KEPT, name="board"))
    unknown = refusals.UnknownProperty(**ON_SITE, name="board")
    scenario.when(gone, actor=ANN).then_refused(unknown)
    scenario.ask_refused(AppProperty(**ON_SITE, name="board"), unknown, actor=ANN)


def test_only_what_is_named_is_deleted(scenario: Scenario) -> None:
    on_site(scenario, *UNLICENSED)
    for name in ("board", "colour"):
        scenario.when(put(name), actor=ANN)
    scenario.when(DeleteAppProperty(**ON_SITE, name="board"), actor=ANN)
    assert scenario.ask(AppProperties(**ON_SITE), actor=ANN)["names"] == ["colour"]


def test_an_app_keeps_at_most_so_many_and_changes_them_still(scenario: Scenario) -> None:
    on_site(scenario, *UNLICENSED)
    kept = [AppPropertySet(**KEPT, name=f"p{number}", value="1") for number in range(LIMIT)]
    scenario.given(Properties, SITE, *kept)
    scenario.when(put("more"), actor=ANN)
    scenario.then_refused(refusals.PropertyLimitReached(**ON_SITE, limit=LIMIT))
    scenario.when(put("p7", "2"), actor=ANN).then(AppPropertySet(**KEPT, name="p7", value="2"))
    scenario.when(DeleteAppProperty(**ON_SITE, name="p7"), actor=ANN)
    scenario.when(put("more"), actor=ANN).then(AppPropertySet(**KEPT, name="more", value="1"))


def test_a_new_installation_begins_without(scenario: Scenario) -> None:
    on_site(scenario, *UNLICENSED).when(put(), actor=ANN)
    scenario.when(UninstallApp(**ON_SITE), actor=ANN)
    scenario.when(put(), actor=ANN).then_refused(refusals.NotInstalled(**ON_SITE))
    again = INSTALLED.model_copy(update={"installation_id": SECOND})
    on_site(scenario, requested(2, installation_id=SECOND), again)
    assert scenario.ask(AppProperties(**ON_SITE), actor=ANN)["names"] == []
    scenario.when(put("new"), actor=ANN)
    assert scenario.ask(AppProperties(**ON_SITE), actor=ANN)["names"] == ["new"]


@pytest.mark.parametrize("actor", [EVE, SERVICE_ACCOUNT])
def test_who_is_neither_app_nor_admin_keeps_nothing(scenario: Scenario, actor: str) -> None:
    scenario.when(put(), actor=actor).then_refused(UnknownSite(site_id=SITE))
    on_site(scenario, *UNLICENSED)
    scenario.when(put(), actor=EVE).then_refused(NotAnAdmin(site_id=SITE))
    for query in (AppProperties(**ON_SITE), AppProperty(**ON_SITE, name="board")):
        scenario.ask_refused(query, NotAnAdmin(site_id=SITE), actor=EVE)


@pytest.mark.parametrize("value", ["", "{", "NaN", "-Infinity", json.dumps("x" * 32_767)])
def test_only_json_of_some_length_is_kept(value: str) -> None:
    with pytest.raises(ValidationError):
        put(value=value)
    assert len(put(value=json.dumps("x" * 32_766)).value) == 32_768


@pytest.mark.parametrize("name", ["", "n" * 128])
def test_a_name_is_neither_empty_nor_long(name: str) -> None:
    with pytest.raises(ValidationError):
        put(name)
    assert len(put("n" * 127).name) == 127
