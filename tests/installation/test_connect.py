"""What apps are told, as they see it: signed, whole, and nothing secret elsewhere."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from services.installation.commands import Hook
from services.installation.connect import Connect, client_key
from services.installation.domain import Due, Telling
from shared.install_keys import InstallKeys
from shared.settings import Settings
from tests.clients import sample_app as sample
from tests.clients.sample_app import SampleApp, Told, answering, sample_app
from tests.clients.verifying import by_key, by_secret
from tests.installation.conftest import KEYS
from tests.installation.examples import APP, SITE, requested

SECRET = KEYS.shared_secret("k1", SITE, APP, "1")


@pytest.fixture
def app() -> Iterator[SampleApp]:
    """An app that wants to be told everything, beneath a path."""
    with sample_app(sample.JWT | {"key": "com.example.App"}) as served:
        served.descriptor["baseUrl"] += "/my%20app/"
        yield served


@pytest.fixture
def install_keys(tmp_path: Path) -> InstallKeys:
    """The keys of the marketplace."""
    return InstallKeys.open(tmp_path / "install-keys")


@pytest.fixture
def connect(install_keys: InstallKeys) -> Connect:
    """Tells apps on this machine."""
    return Connect(KEYS, install_keys, Settings(development=True))


def telling(app: SampleApp, hook: Hook, **fields: Any) -> Telling:
    """Something that the app is to be told."""
    request = requested(
        key=app.descriptor["key"],
        base_url=app.descriptor["baseUrl"],
        hooks=app.descriptor["lifecycle"],
        **{"secret": "1.k1"} | fields,
    )
    return Telling(Due(3, hook, request), "jira", "https://a.example.com", "cloud", install=False)


@pytest.mark.parametrize("hook", ["installed", "uninstalled"])
async def test_what_begins_and_ends_it_all_is_signed_by_key(
    app: SampleApp, connect: Connect, install_keys: InstallKeys, hook: Hook
) -> None:
    """Case 6."""
    answer = await connect.tell(telling(app, hook))
    assert (answer.outcome, answer.status) == ("taken", 204)
    (told,) = app.told
    keys = {kid: install_keys.public(kid) or b"" for kid in install_keys.ids}
    by_key(app, told, keys)
    assert told.path == f"/my%20app//{hook}"


async def test_without_the_key_of_its_secret_an_app_counts_as_unreachable(
    app: SampleApp, connect: Connect
) -> None:
    answer = await connect.tell(telling(app, "installed", secret="1.k9"))
    assert answer.outcome == "unreachable"
    assert answer.head == "the key of its shared secret is gone"
    assert app.told == []


@pytest.mark.parametrize("path", ["", "/a%20path", "/Deep/path/"])
@pytest.mark.parametrize("host", ["127.0.0.1", "LocalHost"])
async def test_the_audience_is_the_base_url_as_the_descriptor_spells_it(
    connect: Connect, install_keys: InstallKeys, path: str, host: str
) -> None:
    """Case 5."""
    with sample_app(sample.JWT) as app:
        app.descriptor["baseUrl"] = app.descriptor["baseUrl"].replace("127.0.0.1", host) + path
        await connect.tell(telling(app, "installed"))
    keys = {kid: install_keys.public(kid) or b"" for kid in install_keys.ids}
    by_key(app, app.told[0], keys)


@pytest.mark.parametrize("hook", ["enabled", "disabled"])
async def test_what_happens_between_is_signed_by_the_secret(
    app: SampleApp, connect: Connect, hook: Hook
) -> None:
    await connect.tell(telling(app, hook))
    by_secret(app, app.told[0], SECRET)


async def test_an_app_is_told_who_the_site_is_and_its_secret_once(
    app: SampleApp, connect: Connect
) -> None:
    for hook in ("installed", "enabled", "disabled", "uninstalled"):
        await connect.tell(telling(app, hook))
    first, *others = app.told
    known_as = client_key("cloud", APP, 0)
    assert first.body.pop("sharedSecret") == SECRET
    version = first.body.pop("serverVersion")
    assert version == first.body.pop("pluginsVersion") == first.headers["Atlassian-Connect-Version"]
    oauth = first.body.pop("oauthClientId")
    assert first.body == {
        "key": "com.example.App",
        "clientKey": known_as,
        "baseUrl": "https://a.example.com",
        "displayUrl": "https://a.example.com",
        "productType": "jira",
        "description": "jira at https://a.example.com",
        "cloudId": "cloud",
        "eventType": "installed",
    }
    for told in others:
        assert "sharedSecret" not in told.body
        assert (told.body["clientKey"], told.body["oauthClientId"]) == (known_as, oauth)
        assert SECRET not in str(told)
    assert first.headers["Content-Type"] == "application/json"
    assert first.headers["User-Agent"].startswith("guestlist/")


async def test_an_app_of_type_none_is_told_without_secret_and_signature(
    app: SampleApp, connect: Connect
) -> None:
    await connect.tell(telling(app, "installed", secret=None))
    (told,) = app.told
    assert told.headers["Authorization"] is None
    assert "sharedSecret" not in told.body


def test_a_site_has_one_client_key_for_each_app_until_it_begins_anew() -> None:
    keys = [
        client_key(*which) for which in (("c", APP, 0), ("c", APP, 1), ("c", "x", 0), ("d", APP, 0))
    ]
    assert len(set(keys)) == 4
    assert keys[0] == client_key("c", APP, 0)


def test_another_key_or_attempt_gives_another_secret() -> None:
    others = {KEYS.shared_secret("k1", *names) for names in ((SITE, APP, "2"), (SITE, "x", "1"))}
    assert SECRET not in others
    assert len(others) == 2
    assert len(SECRET) == 43


@pytest.mark.parametrize("status", [200, 201, 204, 202, 203, 301, 302, 307, 308, 400, 401, 500])
async def test_200_201_and_204_take_it_and_nothing_leads_elsewhere(
    app: SampleApp, connect: Connect, status: int
) -> None:
    app.answer = answering(status, Location=f"{app.url}/elsewhere")
    answer = await connect.tell(telling(app, "installed"))
    taken = status in (200, 201, 204)
    assert (answer.outcome, answer.status) == ("taken" if taken else "refused", status)
    assert [told.path for told in app.told] == ["/my%20app//installed"]


@pytest.mark.parametrize("before", ["", "no: ", "x" * 240])
async def test_an_answer_is_kept_up_to_where_it_repeats_the_secret(
    app: SampleApp, connect: Connect, before: str
) -> None:
    def echo(handler: BaseHTTPRequestHandler, told: Told) -> None:
        body = f"{before}{told.body.get('sharedSecret')}".encode()
        answering(500, body)(handler, told)

    app.answer = echo
    answer = await connect.tell(telling(app, "installed"))
    assert answer.head == before
    assert SECRET not in str(answer)


async def test_where_hooks_are_switched_off_nothing_is_sent(
    app: SampleApp, install_keys: InstallKeys
) -> None:
    silent = Connect(KEYS, install_keys, Settings(development=True, hooks=False))
    answer = await silent.tell(telling(app, "installed"))
    assert (answer.outcome, answer.status) == ("not-sent", None)
    assert app.told == []


@pytest.mark.parametrize(
    ("base_url", "why"),
    [
        ("https://127.0.0.1", "not one to which"),
        ("https://localhost", "not one to which"),
        ("https://[::1]", "not one to which"),
        ("http://127.0.0.1", "only https"),
        ("https://user@example.com", "only plain https"),
    ],
)
async def test_a_secret_goes_to_no_address_inside(
    app: SampleApp, install_keys: InstallKeys, base_url: str, why: str
) -> None:
    outside = Connect(KEYS, install_keys, Settings())
    app.change(baseUrl=base_url)
    answer = await outside.tell(telling(app, "installed"))
    assert answer.outcome == "unreachable"
    assert why in answer.head
