"""A dry run is decided by the service, tells what would happen, and nothing has happened."""

import asyncio
import json
import os
import shlex
import sys
from typing import Any

import nats
import pytest

from services.installation.commands import ClearToken, GenerateToken, InstallApp, SetToken
from services.installation.events import InstallFailed
from services.listing.commands import AddMember, RegisterPartner
from services.supervisor import Supervisor
from services.token.commands import CreateToken, RemoveToken
from shared.client import Client
from shared.messages import Accepted, Command, Reply
from tests.clients.audit import Audit
from tests.clients.command import guestlist
from tests.clients.sample_app import sample_app
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted, code

APP, SITE = "com.example.dry", "dry"


@pytest.fixture(scope="module")
async def link(client: Client, audit: Audit) -> str:
    """The link of the token with which the app runs on the site."""
    await acting.list_app(client, APP)
    await acting.make_site(client, SITE)
    _, link = await acting.make_token(client, APP)
    await acting.install(client, audit, SITE, link)
    return link


async def dry(client: Client, actor: str, command: Command) -> Reply:
    """What would happen."""
    return await client.send(command, actor=actor, dry_run=True)


def foretold(reply: Reply) -> dict[str, Any]:
    """All of an accepted reply but the id, and that it was none."""
    assert isinstance(reply, Accepted), reply
    return reply.model_dump(exclude={"command_id", "dry_run", "result"})


@pytest.mark.usefixtures("link")
async def test_what_is_foretold_is_what_happens(client: Client) -> None:
    for actor, command in (
        (ANN, RegisterPartner(partner_id="foretold", organisation="F")),
        (ANN, CreateToken(app_key=APP)),
        (ANN, RemoveToken(app_key=APP, token_id=2)),
        (BOB, ClearToken(site_id=SITE, app_key=APP)),
    ):
        told = await dry(client, actor, command)
        assert isinstance(told, Accepted)
        assert told.dry_run
        assert foretold(told) == foretold(await accepted(client, actor, command))


async def test_nothing_is_kept_of_a_dry_run_anywhere(
    house: Supervisor, client: Client, audit: Audit, link: str
) -> None:
    token, _ = await acting.make_token(client, APP)
    await accepted(client, BOB, SetToken(site_id=SITE, app_key=APP, token=token))
    await accepted(client, ANN, AddMember(partner_id="example", account=BOB))
    await accepted(client, BOB, CreateToken(app_key=APP))
    await acting.quiet(house)
    before = acting.kept(house)
    with sample_app({"key": "com.example.dry.new"}) as app:
        told = [
            await dry(client, ANN, acting.publish_app(app)),
            await dry(client, BOB, InstallApp(site_id=SITE, url=link)),
            await dry(client, BOB, SetToken(site_id=SITE, app_key=APP, token=token)),
            await dry(client, BOB, GenerateToken(site_id=SITE, app_key=APP)),
            await dry(client, ANN, CreateToken(app_key=APP)),
        ]
        assert [reply.status for reply in told] == ["accepted"] * len(told), told
        assert code(await dry(client, ANN, acting.publish_app(app, app_key="other"))) == (
            "key-mismatch"
        )
    assert code(await dry(client, BOB, CreateToken(app_key="com.example.absent"))) == "unknown-app"
    bound = SetToken(site_id=SITE, app_key=APP, token=token[:-1])
    assert code(await dry(client, BOB, bound)) == "token-invalid"
    assert acting.kept(house) == before
    assert audit.found(InstallFailed) == []


@pytest.mark.usefixtures("link")
async def test_a_dry_run_gives_no_token(client: Client) -> None:
    told = await dry(client, ANN, CreateToken(app_key=APP))
    assert isinstance(told, Accepted)
    assert str(told.result["token"]).endswith("***")
    made = await accepted(client, ANN, CreateToken(app_key=APP))
    assert made.result["token_id"] == told.result["token_id"]
    assert str(made.result["token"])[:7] == str(told.result["token"])[:7]


@pytest.mark.usefixtures("link")
async def test_the_id_of_a_dry_run_is_free_afterwards(client: Client) -> None:
    create = CreateToken(app_key=APP)
    await client.send(create, actor=ANN, command_id="dry-then-wet", dry_run=True)
    made = await client.send(create, actor=ANN, command_id="dry-then-wet")
    assert isinstance(made, Accepted)
    assert not made.repeated
    again = await client.send(create, actor=ANN, command_id="dry-then-wet", dry_run=True)
    assert isinstance(again, Accepted)
    assert again.repeated


async def test_the_command_line_tells_what_would_happen(house: Supervisor) -> None:
    typed = ("send", "RegisterPartner", "partner_id=would", "organisation=W", "--dry-run")
    given = {"GUESTLIST_DATA": str(house.data)}
    for _ in range(2):
        told = await guestlist(*typed, settings=given)
        assert (told.code, told.err) == (0, "")
        assert told.out == "would be accepted\n  PartnerRegistered listing/partner/would@1\n"
    reply = json.loads((await guestlist(*typed, "--json", settings=given)).out)
    assert reply["dry_run"] is True
    refused = await guestlist("send", "CreateToken", "app_key=none", "--dry-run", settings=given)
    assert (refused.code, refused.err.partition(":")[0]) == (1, "unknown-app")


async def test_a_command_printed_for_python_does_the_same(house: Supervisor) -> None:
    typed = (
        "send",
        "RegisterPartner",
        "partner_id=python",
        'organisation=It\'s "P"\\',
        "--id",
        "p",
    )
    printed = await guestlist(*typed, "--print", "python")
    assert (printed.code, printed.err) == (0, "")
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        printed.out,
        env=os.environ | {"GUESTLIST_NATS": house.url},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await program.communicate()
    assert program.returncode == 0
    assert "command_id='p'" in said.decode()
    again = await guestlist(*typed, "--json", settings={"GUESTLIST_DATA": str(house.data)})
    assert json.loads(again.out)["repeated"] is True


async def test_a_command_printed_for_nats_does_the_same(house: Supervisor) -> None:
    typed = ("send", "RegisterPartner", "partner_id=nats", "organisation=It's É", "--id", "n")
    printed = await guestlist(*typed, "--as", "ann", "--print", "nats")
    server, program, verb, subject, body, flag, header = shlex.split(printed.out)
    assert (server, program, verb, flag) == ("NATS_URL=$GUESTLIST_NATS", "nats", "req", "-H")
    name, _, value = header.partition(":")
    connection = await nats.connect(house.url)
    message = await connection.request(subject, body.encode(), headers={name: value})
    await connection.close()
    assert json.loads(message.data)["status"] == "accepted"
    given = {"GUESTLIST_DATA": str(house.data)}
    again = await guestlist(*typed, "--as", "ann", "--json", settings=given)
    assert json.loads(again.out)["repeated"] is True


async def test_a_printed_token_is_masked_unless_it_is_asked_for(link: str) -> None:
    typed = ("send", "InstallApp", f"site_id={SITE}", f"url={link}", "--print", "nats")
    assert link not in (await guestlist(*typed)).out
    assert link in (await guestlist(*typed, "--reveal")).out
