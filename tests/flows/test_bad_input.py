"""Bad input gets its code through the bus, and leaves nothing."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import nats
import pytest
from nats.aio.client import Client as Connection

from services.installation.queries import App
from services.listing.commands import EditListing
from services.listing.queries import ReadDescriptor
from services.supervisor import Supervisor
from shared.client import Client
from shared.messages import Accepted, Command
from shared.subjects import Address
from tests.clients.pages import page, redirect, serving
from tests.clients.sample_app import PAID, SampleApp
from tests.examples import COMMANDS
from tests.flows import acting
from tests.flows.acting import ANN, code

DESCRIPTOR = json.dumps(PAID | {"baseUrl": "http://127.0.0.1"}).encode()
ENCODED = "Content-Encoding: gzip"
PAGES: dict[str, tuple[list[bytes], str]] = {
    "not-there": (page(b"gone", status=404), "not-found"),
    "broken": (page(b"sorry", status=500), "not-found"),
    "web-page": (page(b"<!DOCTYPE html><html></html>", "Content-Type: text/html"), "not-json"),
    "loop": (redirect("/loop"), "redirects"),
    "private": (redirect("https://10.0.0.1/a.json"), "not-found"),
    "inside": (redirect("https://localhost/a.json"), "not-found"),
    "large": (page(DESCRIPTOR.ljust(65537)), "too-large"),
    "bomb": (page(gzip.compress(bytes(10_000_000)), ENCODED), "not-found"),
    "drip": ([b"HTTP/1.1 200 -\r\n\r\n", *[b"{"] * 20], "timeout"),
    "silence": ([b"", *[b""] * 20], "timeout"),
    "deep": (page(b'{"a":' + b"[" * 30 + b"]" * 30 + b"}"), "invalid"),
    "twice": (page(b'{"key": "a", "key": "b"}'), "member-twice"),
    "cut": (page(DESCRIPTOR[:-1]), "not-json"),
    "empty": (page(b""), "not-json"),
}
"""What is served, and the code with which it is refused."""


@pytest.fixture(scope="module")
async def wire(house: Supervisor) -> AsyncIterator[Connection]:
    """A plain connection."""
    connection = await nats.connect(house.url)
    yield connection
    await connection.close()


def spoilt(command: Command) -> list[tuple[str, Any]]:
    """Bodies that lack a field, have one too many or of a wrong kind; with the field's name."""
    good = command.model_dump(mode="json", exclude_none=True)
    needed = [name for name, field in type(command).model_fields.items() if field.is_required()]
    others = [name for name in needed if name != command.KEY]
    return [
        ("surplus", good | {"surplus": 1}),
        *((name, {k: v for k, v in good.items() if k != name}) for name in needed),
        *((name, good | {name: None}) for name in needed),
        *((name, good | {name: {"a": []}}) for name in good),
        *((name, good | {name: ""}) for name in others),
    ]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
async def test_a_spoilt_body_is_refused_by_its_field_and_leaves_nothing(
    house: Supervisor, wire: Connection, command: Command
) -> None:
    before = acting.kept(house)
    subject = str(Address.of("cmd", command, "operator"))
    for field, body in spoilt(command):
        message = await wire.request(subject, json.dumps(body).encode(), timeout=5)
        reply = json.loads(message.data)
        assert (reply["status"], reply["code"]) == ("refused", "bad-request"), body
        assert f"{field}" in reply["detail"], (body, reply)
    assert acting.kept(house) == before


def test_each_command_has_an_example() -> None:
    assert {(type(row).SERVICE, type(row).__name__) for row in COMMANDS} == set(Command.TABLE)


async def test_a_bad_descriptor_gets_its_code_and_lists_nothing(
    house: Supervisor, client: Client
) -> None:
    """Case 19."""
    await acting.list_app(client, "com.example.before")
    await client.query(App(site_id="none", app_key="com.example.before"), actor=ANN)
    before = acting.kept(house)
    async with serving({f"/{name}": answer for name, (answer, _) in PAGES.items()}) as server:

        async def read(name: str) -> str:
            answer = await client.query(ReadDescriptor(url=f"{server.url}/{name}"), actor=ANN)
            return code(answer)

        told = await asyncio.gather(*map(read, PAGES))
        assert dict(zip(PAGES, told, strict=True)) == {
            name: f"descriptor-{expected}" for name, (_, expected) in PAGES.items()
        }
        app = SampleApp(server.url, {"key": "com.example.bad"})
        for name in ("not-there", "web-page", "deep"):
            asked = acting.publish_app(app, descriptor_url=f"{server.url}/{name}")
            reply = await client.send(asked, actor=ANN)
            assert code(reply) == f"descriptor-{PAGES[name][1]}"
    assert acting.kept(house) - before == {"listing command_log": 3}


async def test_the_service_answers_others_while_a_descriptor_drips(client: Client) -> None:
    await acting.list_app(client, "com.example.meanwhile")
    async with serving({"/drip": PAGES["drip"][0]}) as server:
        query = ReadDescriptor(url=f"{server.url}/drip")
        dripping = asyncio.create_task(client.query(query, actor=ANN))
        asked = EditListing(app_key="com.example.meanwhile", summary="Plans")
        reply = await client.send(asked, actor=ANN)
        assert isinstance(reply, Accepted)
        assert not dripping.done()
        dripping.cancel()
