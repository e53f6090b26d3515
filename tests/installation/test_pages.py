"""The URL of an app's page is signed, and tells the licence once."""

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from services.installation import refusals
from services.installation.commands import LicenceState
from services.installation.connect import client_key
from services.installation.events import AppDisabled
from services.installation.pages import Module, modules
from services.installation.queries import Page
from shared.messages import Event
from shared.qsh import qsh
from shared.testing import NOW, Scenario
from tests.installation.conftest import KEYS
from tests.installation.examples import (
    ANN,
    APP,
    ATTACHED,
    BASE_URL,
    INSTALLED,
    LIC,
    REGISTERED,
    SITE,
    app_seen,
    licence,
    on_site,
    requested,
    version_seen,
)
from tests.rules import rule

MODULES: dict[str, Any] = {
    "webhooks": [{"event": "x", "url": "https://elsewhere.example.com"}],
    "adminPages": [{"key": "admin", "url": "/admin?a=b c&a=%2C", "name": {"value": "A"}}],
    "configurePage": {"key": "set-up", "url": "/set/{project.key}/up?lic=active&issue=${issue.id}"},
    "generalPages": "none",
}
DESCRIPTOR: dict[str, Any] = {"key": APP, "baseUrl": BASE_URL, "modules": MODULES}


def page(scenario: Scenario, *events: Event, name: str | None = None, **fields: Any) -> str:
    """The URL of a page, of an app to which these events happened once it was installed."""
    told: dict[str, Any] = {"authentication": "jwt", "secret": "1.k1"}
    begun = requested(token_id=1, **told | fields)
    seen = version_seen(descriptor=DESCRIPTOR)
    on_site(scenario, begun, ATTACHED, INSTALLED, *events, app=(app_seen(), seen))
    view = scenario.ask(Page(site_id=SITE, app_key=APP, page=name), actor=ANN)
    return str(view["url"])


def test_a_page_is_signed_for_who_opens_it_for_three_minutes(scenario: Scenario) -> None:
    asked = urlsplit(page(scenario))
    assert asked.geturl().startswith(f"{BASE_URL}/admin?a=b%20c&a=%2C&xdm_e=")
    query = parse_qs(asked.query)
    assert query["xdm_e"] == [REGISTERED.base_url]
    secret = KEYS.shared_secret("k1", SITE, APP, "1")
    decoded = jwt.decode(query["jwt"][0], OctKey.import_key(secret), algorithms=["HS256"])
    now = int(NOW.timestamp())
    assert decoded.claims == {
        "iss": client_key("cloud", APP, 0),
        "sub": ANN,
        "iat": now,
        "exp": now + 180,
        "qsh": qsh("GET", asked.path, asked.query),
    }


@rule("licence.paid")
@pytest.mark.parametrize(("state", "lic"), LIC.items())
def test_a_page_tells_the_licence_exactly_once(
    scenario: Scenario, state: LicenceState, lic: str
) -> None:
    url = page(scenario, licence(state), name="set-up")
    assert [value for name, value in parse_qsl(urlsplit(url).query) if name == "lic"] == [lic]


@rule("licence.paid")
def test_a_free_app_is_told_nothing(scenario: Scenario) -> None:
    url = page(scenario, name="set-up", paid=False)
    assert "lic" not in parse_qs(urlsplit(url).query)


def test_what_a_frame_would_fill_in_is_empty(scenario: Scenario) -> None:
    asked = urlsplit(page(scenario, name="set-up"))
    assert asked.path == "/set//up"
    assert parse_qs(asked.query, keep_blank_values=True)["issue"] == [""]


def test_a_page_of_type_none_is_not_signed(scenario: Scenario) -> None:
    url = page(scenario, authentication="none", secret=None)
    assert "jwt" not in parse_qs(urlsplit(url).query)


def test_only_what_has_a_path_is_a_page() -> None:
    assert [*modules(DESCRIPTOR)] == [
        Module("admin", "/admin?a=b c&a=%2C"),
        Module("set-up", str(MODULES["configurePage"]["url"])),
    ]
    assert [*modules({})] == [*modules({"modules": []})] == []


def test_what_cannot_be_opened_is_refused(scenario: Scenario) -> None:
    page(scenario)
    absent = Page(site_id=SITE, app_key=APP, page="absent")
    scenario.ask_refused(absent, refusals.NoPage(app_key=APP, page="absent"), actor=ANN)
    other = Page(site_id=SITE, app_key="com.example.other")
    refusal = refusals.NotInstalled(app_key="com.example.other", site_id=SITE)
    scenario.ask_refused(other, refusal, actor=ANN)


def test_a_disabled_app_has_no_page(scenario: Scenario) -> None:
    refused = refusals.AppDisabled(app_key=APP, site_id=SITE)
    with pytest.raises(AssertionError):
        page(scenario, AppDisabled(site_id=SITE, app_key=APP))
    scenario.ask_refused(Page(site_id=SITE, app_key=APP), refused, actor=ANN)
