"""Apps that do what they shouldn't: each install ends rightly, no other waits, no secret leaves."""

import asyncio
import time
from contextlib import AsyncExitStack
from http.server import BaseHTTPRequestHandler

import pytest

from services.installation.events import AppInstalled, InstallFailed
from services.installation.queries import InstallAttempt, SiteApps
from services.listing.queries import ReadDescriptor
from shared.client import Client
from tests.clients import sample_app as sample
from tests.clients.audit import Audit
from tests.clients.pages import page, serving
from tests.clients.sample_app import Told, answering
from tests.flows import acting
from tests.flows.acting import ANN, BOB, code

pytestmark = pytest.mark.extra
ELSEWHERE = "/elsewhere"


def after_9_9_seconds(handler: BaseHTTPRequestHandler, told: Told) -> None:
    """Takes it, too late."""
    time.sleep(9.9)
    _quietly(handler, told)


def never(handler: BaseHTTPRequestHandler, told: Told) -> None:
    """Says nothing for longer than anybody waits."""
    time.sleep(20)
    _quietly(handler, told)


def a_gigabyte(handler: BaseHTTPRequestHandler, told: Told) -> None:
    """Takes it, and has much to say."""
    del told
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 30))
    handler.end_headers()
    try:
        for _ in range(1 << 14):
            handler.wfile.write(b"x" * (1 << 16))
    except OSError:
        handler.close_connection = True


def nothing(handler: BaseHTTPRequestHandler, told: Told) -> None:
    """Closes at once."""
    del told
    handler.close_connection = True


def _quietly(handler: BaseHTTPRequestHandler, told: Told) -> None:
    try:
        answering(200)(handler, told)
    except OSError:
        handler.close_connection = True


ENDS = {
    "redirects": ("hook-refused", 302),
    "late": ("hook-timeout", None),
    "silent": ("hook-timeout", None),
    "endless": None,
    "closes": ("hook-unreachable", None),
    "fails": ("hook-refused", 500),
    "204": None,
}
"""By app: why it isn't installed, if it isn't."""


async def test_each_install_ends_as_its_app_deserves_and_others_go_on(
    client: Client, audit: Audit
) -> None:
    async with AsyncExitStack() as stack:
        elsewhere = await stack.enter_async_context(serving({ELSEWHERE: page()}))
        answers = {
            "redirects": answering(302, Location=f"{elsewhere.url}{ELSEWHERE}"),
            "late": after_9_9_seconds,
            "silent": never,
            "endless": a_gigabyte,
            "closes": nothing,
            "fails": answering(500),
            "204": answering(204),
        }
        for name, answer in answers.items():
            app_key = f"com.example.hostile.{name}"
            app = await stack.enter_async_context(acting.served(client, app_key, sample.JWT))
            app.answer = answer
            await acting.make_site(client, f"hostile-{name}")
        await stack.enter_async_context(acting.served(client, "com.example.good", sample.JWT))
        await acting.make_site(client, "good")

        def begin(site_id: str, app_key: str) -> "asyncio.Task[acting.Ending]":
            link = acting.descriptor_link(app_key)
            return asyncio.create_task(acting.install(client, audit, site_id, link))

        installs = {
            name: begin(f"hostile-{name}", f"com.example.hostile.{name}") for name in answers
        }
        assert isinstance(await begin("good", "com.example.good"), AppInstalled)
        assert not any(installs[name].done() for name in ("late", "silent"))

        for name, why in ENDS.items():
            ending = await installs[name]
            on_site = {"site_id": f"hostile-{name}", "app_key": f"com.example.hostile.{name}"}
            how = await acting.ask(client, InstallAttempt(**on_site, attempt=1), BOB)
            assert isinstance(ending, InstallFailed if why else AppInstalled), name
            assert (how["code"], how["status"]) == (why or (None, None)), name
            there = (await acting.ask(client, SiteApps(site_id=on_site["site_id"]), BOB))["apps"]
            assert len(there) == (0 if why else 1), name
        assert elsewhere.connections == 0


async def test_what_answers_204_to_everything_is_no_descriptor(client: Client) -> None:
    async with serving({"/a.json": page(status=204, body=b"")}) as server:
        answer = await client.query(ReadDescriptor(url=f"{server.url}/a.json"), actor=ANN)
    assert code(answer) == "descriptor-not-found"
