"""What is behind a link, for whoever has it."""

import pytest

from services.installation import refusals
from services.installation.domain import App
from services.installation.queries import LinkedDescriptor
from shared.testing import Scenario
from tests.installation.conftest import KEYS
from tests.installation.examples import APP, DESCRIPTOR, app_seen, version_seen

TOKEN = KEYS.token(APP, 7)


@pytest.mark.parametrize(
    ("status", "visibility", "token", "shown"),
    [
        ("private", "private", None, False),
        ("private", "private", TOKEN, True),
        ("private", "private", TOKEN[:-1], False),
        ("private", "private", KEYS.token("com.example.other", 7), False),
        ("public", "private", None, False),
        ("public", "public", None, True),
        ("public", "public", "wrong", True),
        ("submitted", "public", TOKEN, False),
    ],
)
def test_a_private_version_is_shown_to_who_has_a_token(
    scenario: Scenario, status: str, visibility: str, token: str | None, shown: bool
) -> None:
    scenario.given(App, APP, app_seen(status=status), version_seen(visibility=visibility))
    query = LinkedDescriptor(app_key=APP.title(), build=1, token=token)
    if shown:
        assert scenario.ask(query, actor="gateway") == {"descriptor": DESCRIPTOR}
    else:
        scenario.ask_refused(query, refusals.DescriptorNotListed(), actor="gateway")


def test_what_is_not_there_is_not_listed(scenario: Scenario) -> None:
    for build in (1, 2):
        query = LinkedDescriptor(app_key=APP, build=build, token=TOKEN)
        scenario.ask_refused(query, refusals.DescriptorNotListed(), actor="gateway")
