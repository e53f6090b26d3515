"""An app that asks is known by its token, and no other token will do."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from services.installation import refusals
from services.installation.commands import LicenceState
from services.installation.connect import client_key
from services.installation.events import AppDisabled, AppUninstalled
from services.installation.queries import Addon, AppRequest
from shared.errors import UnknownSite
from shared.messages import Event
from shared.qsh import qsh
from shared.testing import NOW, Scenario
from tests.installation.conftest import KEYS
from tests.installation.examples import (
    APP,
    ATTACHED,
    INSTALLATION,
    INSTALLED,
    LIC,
    REGISTERED,
    SITE,
    licence,
    on_site,
    requested,
)
from tests.rules import rule

PATH = f"/rest/atlassian-connect/1/addons/{APP}"
SECRET = KEYS.shared_secret("k1", SITE, APP, "1")
OURS = client_key("cloud", APP, 0)
SECONDS = int(NOW.timestamp())
LEFT = AppUninstalled(site_id=SITE, app_key=APP, installation_id=INSTALLATION)
GOOD: dict[str, Any] = {
    "iss": APP,
    "aud": [OURS],
    "iat": SECONDS,
    "exp": SECONDS + 180,
    "qsh": qsh("GET", PATH, ""),
}
ABSENT = object()
WRONG: dict[str, list[Any]] = {
    "iss": [ABSENT, "", "com.example.other", APP.upper(), [APP], None, 1, {}],
    "aud": [ABSENT, "", [], ["other"], [OURS.upper()], {OURS: 1}, None, [[OURS]], 1, OURS[:-1]],
    "iat": [ABSENT, "now", None, [], SECONDS + 31, SECONDS * 1000, float("inf"), float("nan")],
    "exp": [ABSENT, "later", None, [], SECONDS - 30, 0, -1, float("-inf"), float("nan"), {}],
    "qsh": [
        ABSENT,
        "",
        "context-qsh",
        None,
        qsh("POST", PATH, ""),
        qsh("GET", f"{PATH}x", ""),
        qsh("GET", PATH, "a=1"),
        GOOD["qsh"].upper(),
        [GOOD["qsh"]],
        1,
    ],
}
"""By claim: what isn't believed of it."""
BAD = [
    "",
    ".",
    "..",
    "...",
    "x.y.z",
    "a" * 8000,
    "\u00e9.\u00e9.\u00e9",
    "e30.e30.e30",
    "e30..",
    f"{'[' * 3000}.{'[' * 3000}.x",
]
"""Texts that are no token."""


def token(*, secret: str = SECRET, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token of the app, a good one but for what is given."""
    told = {name: value for name, value in (GOOD | claims).items() if value is not ABSENT}
    return jwt.encode(header or {"alg": "HS256"}, told, OctKey.import_key(secret))


def unsigned(header: object, signature: str = "") -> str:
    """A token that nobody signed."""
    parts = (urlsafe_b64encode(json.dumps(part).encode()).decode() for part in (header, GOOD))
    return ".".join([*(part.rstrip("=") for part in parts), signature])


def asked(text: str, app_key: str = APP, **fields: Any) -> Addon:
    """A request with that token."""
    request = AppRequest(**{"path": PATH, "token": text} | fields)
    return Addon(site_id=SITE, app_key=app_key, request=request)


def installed(scenario: Scenario, *events: Event) -> Scenario:
    """The app is installed with a token, and then this happened."""
    begun = requested(authentication="jwt", secret="1.k1", token_id=1)
    return on_site(scenario, begun, ATTACHED, INSTALLED, *events)


def refused(scenario: Scenario, text: str, **fields: Any) -> None:
    """Nobody is known by that token."""
    scenario.ask_refused(asked(text, **fields), refusals.NotAuthenticated(), actor="gateway")


@rule("licence.paid")
@pytest.mark.parametrize(("state", "lic"), LIC.items())
def test_an_app_sees_its_licence(scenario: Scenario, state: LicenceState, lic: str) -> None:
    view = installed(scenario, licence(state)).ask(asked(token()), actor="gateway")
    assert (view["key"], view["version"], view["enabled"]) == (APP, "1.0.0", True)
    assert (view["product"], view["base_url"]) == ("jira", REGISTERED.base_url)
    if state is LicenceState.NONE:
        assert view["licence"] is None
    else:
        assert view["licence"]["active"] == (lic == "active")
        assert view["licence"]["evaluation"] == ("TRIAL" in state.name)
        assert view["licence"]["entitlement_number"].startswith("SEN-")


def test_an_app_sees_that_it_is_disabled(scenario: Scenario) -> None:
    disabled = AppDisabled(site_id=SITE, app_key=APP)
    assert not installed(scenario, disabled).ask(asked(token()), actor="gateway")["enabled"]


def test_a_clock_may_differ_by_30_seconds(scenario: Scenario) -> None:
    installed(scenario)
    for claims in ({"iat": SECONDS + 30}, {"exp": SECONDS - 29}, {"aud": OURS}):
        assert scenario.ask(asked(token(**claims)), actor="gateway")["key"] == APP


@pytest.mark.parametrize(("name", "values"), WRONG.items())
def test_a_token_that_says_something_else_is_refused(
    scenario: Scenario, name: str, values: list[Any]
) -> None:
    installed(scenario)
    for value in values:
        refused(scenario, token(**{name: value}))


def test_what_is_no_token_is_refused(scenario: Scenario) -> None:
    installed(scenario)
    for text in BAD:
        refused(scenario, text)
    for end in range(0, len(token()), 9):
        refused(scenario, token()[:end])


def test_only_the_shared_secret_signs(scenario: Scenario) -> None:
    installed(scenario)
    other = KEYS.shared_secret("k1", SITE, APP, "2")
    for text in (
        token(secret=other),
        token(secret=SECRET[:-1] + "x"),
        token(secret=OURS),
        unsigned({"alg": "none"}),
        unsigned({"alg": "None"}),
        unsigned({"alg": "HS256"}),
        unsigned({}),
        unsigned({"alg": "HS256"}, "x" * 43),
        unsigned({"alg": "HS256", "crit": ["exp"], "exp": 1}, token().rpartition(".")[2]),
        unsigned({"alg": "HS256", "crit": 1}, "x"),
        unsigned({"alg": "HS256", "crit": [{}]}, "x"),
        unsigned("alg", "x"),
        token(iat=10**400),
        f"{token()}x",
        f" {token()}",
        f"{token()}.{token()}",
    ):
        refused(scenario, text)
    key = RSAKey.generate_key(2048)
    refused(scenario, jwt.encode({"alg": "RS256"}, GOOD, key))
    refused(scenario, token(header={"alg": "HS256", "jwk": key.as_dict(private=False)})[:-2])


def test_without_the_key_of_its_secret_nobody_is_known(scenario: Scenario) -> None:
    begun = requested(authentication="jwt", secret="1.k9", token_id=1)
    on_site(scenario, begun, ATTACHED, INSTALLED)
    refused(scenario, token())


def test_a_token_is_good_for_its_own_request_only(scenario: Scenario) -> None:
    installed(scenario)
    refused(scenario, token(), method="DELETE")
    refused(scenario, token(), path=f"{PATH}/properties/x")
    refused(scenario, token(), query="a=1")
    text = token(qsh=qsh("GET", PATH, "b=2&a=1"))
    view = scenario.ask(asked(text, query="a=1&jwt=x&b=2"), actor="gateway")
    assert view["key"] == APP


def test_an_app_that_left_is_known_no_more(scenario: Scenario) -> None:
    installed(scenario, LEFT)
    refused(scenario, token())


def test_an_app_asks_about_itself_only(scenario: Scenario) -> None:
    other = "com.example.other"
    begun = requested().model_copy(update={"app_key": other, "key": other})
    live = INSTALLED.model_copy(update={"app_key": other})
    installed(scenario, begun, live)
    path = PATH.replace(APP, other)
    text = token(qsh=qsh("GET", path, ""))
    theirs = asked(text, other, path=path)
    scenario.ask_refused(theirs, refusals.OtherApp(app_key=APP), actor="gateway")
    unknown = asked(token(), "com.example.absent")
    scenario.ask_refused(
        unknown, refusals.NotInstalled(app_key="com.example.absent", site_id=SITE), actor="gateway"
    )


def test_there_has_to_be_such_a_site(scenario: Scenario) -> None:
    scenario.ask_refused(asked(token()), UnknownSite(site_id=SITE), actor="gateway")
