"""A link leads to the descriptor, and following it does nothing."""

from urllib.parse import urlsplit

import httpx2
import pytest

from services.listing.commands import Approve
from services.supervisor import Supervisor
from services.token.commands import RemoveToken
from shared.client import Client
from tests.flows import acting
from tests.flows.acting import ANN, OPERATOR, accepted
from tests.listing.examples import TEXTS

pytestmark = pytest.mark.flow
APP = "com.example.links"


def place(link: str) -> str:
    """What of a link the gateway gets."""
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


async def test_a_token_link_shows_the_descriptor_and_nothing_happens(
    house: Supervisor, client: Client, http: httpx2.AsyncClient
) -> None:
    async with acting.served(client, APP) as app:
        _, link = await acting.make_token(client, APP)
        await acting.quiet(house)
        before = acting.kept(house)
        for _ in range(50):
            answer = await http.get(place(link))
            assert (answer.status_code, answer.json()) == (200, app.descriptor)
            head = await http.head(place(link))
            assert (head.status_code, head.content) == (200, b"")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert acting.kept(house) == before
    (token,) = await acting.tokens_of(client, APP)
    assert token["status"] == "unused"


async def test_without_a_token_a_private_app_looks_unknown(
    house: Supervisor, client: Client, http: httpx2.AsyncClient
) -> None:
    app_key, other = f"{APP}.private", f"{APP}.other"
    for key in (app_key, other):
        await acting.list_app(client, key)
    token, _ = await acting.make_token(client, app_key)
    await acting.quiet(house)
    unknown = (await http.get(place(acting.descriptor_link(f"{APP}.absent")))).json()
    assert unknown["code"] == "descriptor-not-listed"
    for link in (
        acting.descriptor_link(app_key),
        acting.descriptor_link(app_key, 2) + f"?access-token={token}",
        acting.descriptor_link(app_key) + f"?access-token={token[:-1]}",
        acting.descriptor_link(other) + f"?access-token={token}",
    ):
        answer = await http.get(place(link))
        assert (answer.status_code, answer.json()) == (404, unknown)
    await accepted(client, ANN, RemoveToken(app_key=app_key, token_id=1))
    shown = await http.get(place(acting.descriptor_link(app_key) + f"?access-token={token}"))
    assert shown.status_code == 200  # who had it knows of the app


async def test_a_public_version_is_shown_to_everybody(
    house: Supervisor, client: Client, http: httpx2.AsyncClient
) -> None:
    app_key = f"{APP}.public"
    await acting.list_app(client, app_key, visibility="public", **TEXTS)
    link = place(acting.descriptor_link(app_key))
    assert (await http.get(link)).status_code == 404
    await accepted(client, OPERATOR, Approve(app_key=app_key))
    await acting.quiet(house)
    assert (await http.get(link)).json()["key"] == app_key


@pytest.mark.parametrize(
    "path",
    [
        "/download/apps/a b/version/1/descriptor",
        "/download/apps/x/version/0/descriptor",
        "/download/apps/x/version/one/descriptor",
        f"/download/apps/x/version/{10**9}/descriptor",
        f"/download/apps/x/version/1/descriptor?access-token={'x' * 201}",
        "/download/apps/x/version/1/descriptor?access-token=",
    ],
)
async def test_what_is_no_link_is_told(http: httpx2.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-request")
