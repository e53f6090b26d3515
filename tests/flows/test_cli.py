"""The command line against real servers: exit codes, tokens, hostile data."""

import json
import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from services.cli.told import Problem
from services.listing.events import PartnerRegistered
from services.supervisor import Supervisor
from shared.client import Client
from tests.clients.audit import Audit
from tests.clients.command import Ended, guestlist, on_terminal
from tests.flows import acting

APP = "com.example.app"


class Made(NamedTuple):
    """A token as its maker got it."""

    token: str
    link: str


@pytest.fixture(scope="module")
async def made(client: Client, audit: Audit) -> Made:
    """A token of an app that runs on the site `site`."""
    await acting.list_app(client, APP)
    await acting.make_site(client, "site")
    made = Made(*await acting.make_token(client, APP))
    await acting.install(client, audit, "site", made.link)
    return made


async def run(house: Supervisor, *typed: str, stdin: str | None = None) -> Ended:
    """Run the command on the house."""
    return await guestlist(*typed, stdin=stdin, settings=_settings(house))


async def done(house: Supervisor, *typed: str, stdin: str | None = None) -> str:
    """What a command printed that was to succeed."""
    ended = await run(house, *typed, stdin=stdin)
    assert (ended.code, ended.err) == (0, "")
    return ended.out


async def test_an_accepted_command_tells_its_id_and_its_events(house: Supervisor) -> None:
    typed = ("send", "RegisterPartner", "partner_id=first", "organisation=First", "--id", "one")
    told = ["accepted one", "  PartnerRegistered listing/partner/first@1"]
    assert (await done(house, *typed)).splitlines() == told
    told[0] += " (already done, same reply)"
    assert (await done(house, *typed)).splitlines() == told
    reply = json.loads(await done(house, *typed, "--json"))
    assert (reply["status"], reply["command_id"], reply["repeated"]) == ("accepted", "one", True)


async def test_a_json_object_is_taken_as_it_is(house: Supervisor, audit: Audit) -> None:
    body = ' {"partner_id": "at", "organisation": "@home", "address": "-"}'
    await done(house, "send", "RegisterPartner", body)
    registered = await audit.see(PartnerRegistered, partner_id="at")
    assert (registered.organisation, registered.address) == ("@home", "-")


async def test_a_refusal_exits_with_1_each_time(house: Supervisor) -> None:
    typed = ("send", "CreateToken", "app_key=unknown", "--id", "two", "--json")
    for _ in range(2):
        refused = await run(house, *typed)
        assert (refused.code, refused.out) == (1, "")
        assert Problem.model_validate_json(refused.err).code == "unknown-app"


async def test_a_refusal_is_told_with_a_hint(house: Supervisor) -> None:
    refused = await run(house, "query", "ListTokens", "app_key=unknown")
    assert (refused.code, refused.out) == (1, "")
    first, hint = refused.err.splitlines()
    assert first == "unknown-app: There is no app unknown that you may see."
    assert hint.startswith("hint: ")


async def test_a_hint_names_the_next_call(house: Supervisor) -> None:
    refused = await run(house, "query", "Site", "site_id=absent")
    assert refused.err.endswith("hint: register it: guestlist send RegisterSite\n")


@pytest.mark.parametrize("json_too", [[], ["--json"]])
async def test_tokens_are_shown_only_when_they_are_asked_for(
    house: Supervisor, made: Made, json_too: list[str]
) -> None:
    create = ("send", "CreateToken", f"app_key={APP}", "--as", "ann", "--id", "three", *json_too)
    ask = ("query", "ListTokens", f"app_key={APP}", "--as", "ann", *json_too)
    created, listed = await done(house, *create), await done(house, *ask)
    for text in (created, listed):
        assert "gl_2_k1***" in text
        assert "access-token=gl_2_k1***" in text
    revealed = json.loads(await done(house, *create, "--reveal", "-o", "jsonl"))["result"]
    assert revealed["links"]["private"].endswith(f"access-token={revealed['token']}")
    assert revealed["token"] in await done(house, *create, "--reveal")
    for token in (made.token, revealed["token"]):
        assert token not in created + listed
        assert token in await done(house, *ask, "--reveal")


async def test_the_audit_has_no_token(house: Supervisor, made: Made) -> None:
    for options in ([], ["--json"]):
        told = await done(house, "audit", *options)
        assert "installation.AppInstalled" in told
        assert made.token not in told


async def test_a_token_is_taken_from_a_file_or_stdin(
    house: Supervisor, made: Made, tmp_path: Path
) -> None:
    typed = ("send", "SetToken", "site_id=site", f"app_key={APP}", "--as", "bob")
    file = tmp_path / "token"
    file.write_text(f"{made.token}\n")
    await done(house, *typed, f"token=@{file}")
    await done(house, *typed, "token=-", stdin=made.token)
    await done(house, *typed, "token=-", stdin=f"{made.token}\r\n")
    refused = await run(house, *typed, "token=-", stdin=made.token[:-1])
    assert refused.code == 1


@pytest.mark.parametrize(
    "typed",
    [("audit",), ("query", "ListTokens", f"app_key={APP}", "--as=ann"), ("query", "Listing")],
)
@pytest.mark.usefixtures("made")
async def test_a_terminal_gets_what_a_pipe_gets(house: Supervisor, typed: tuple[str, ...]) -> None:
    piped = await run(house, *typed)
    shown = await on_terminal(*typed, settings=_settings(house))
    assert shown.code == piped.code
    words = re.sub(r"\d+ (s|min) ago", "TIME", shown.out).split()
    assert words == re.sub(r"\d{4}-\S+Z", "TIME", piped.out + piped.err).split()


@pytest.mark.usefixtures("made")
async def test_a_pipe_that_is_closed_early_is_no_error(house: Supervisor) -> None:
    read, write = os.pipe()
    os.close(read)
    for options in ([], ["--json"], ["--follow"]):
        ended = await guestlist("audit", *options, stdout=write, settings=_settings(house))
        assert (ended.code, ended.err) == (0, "")
    os.close(write)


@pytest.mark.usefixtures("made")
async def test_a_full_disk_is_told(house: Supervisor) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    ended = await guestlist("audit", stdout=full, settings=_settings(house))
    os.close(full)
    assert ended.code == 3
    told, hint = ended.err.splitlines()
    assert told == "failed: [Errno 28] No space left on device"
    assert hint.startswith("hint: look whether there is room")


def _settings(house: Supervisor) -> dict[str, str]:
    return {"GUESTLIST_DATA": str(house.data)}
