"""What a command leads to is told until it has ended, and can be read again afterwards."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from services.installation.commands import InstallApp
from services.installation.queries import App
from services.supervisor import Supervisor
from services.token.queries import ListTokens
from shared.client import Client
from shared.messages import Accepted, Command, Event
from tests.clients.command import Ended, guestlist
from tests.clients.sample_app import sample_app
from tests.flows import acting

APP, JWT_APP, SITE = "com.example.waits", "com.example.waits.jwt", "waits"
JWT = {"authentication": {"type": "jwt"}, "lifecycle": {"installed": "/installed"}}


@pytest.fixture(scope="module")
async def links(client: Client) -> dict[str, str]:
    """Where a site installs an app that works and one that doesn't yet."""
    await acting.list_app(client, APP)
    await acting.list_app(client, JWT_APP, JWT)
    await acting.make_site(client, SITE)
    made = {app_key: await acting.make_token(client, app_key) for app_key in (APP, JWT_APP)}
    for app_key in made:  # asked after the listing, so the sites' service knows it from now on
        answer = await client.query(App(site_id=SITE, app_key=app_key), actor=acting.BOB)
        assert acting.code(answer) == "not-installed"
    return {app_key: link for app_key, (_, link) in made.items()}


async def run(house: Supervisor, *typed: str) -> Ended:
    """Run the command on the house."""
    return await guestlist(*typed, settings={"GUESTLIST_DATA": str(house.data)})


async def install(house: Supervisor, tmp_path: Path, url: str, *options: str) -> Ended:
    """Install on the site from a link in a file."""
    file = tmp_path / "link"
    file.write_text(url)
    return await run(
        house, "send", "InstallApp", f"site_id={SITE}", f"url=@{file}", "--as", "bob", *options
    )


async def test_an_install_is_waited_for(
    house: Supervisor, links: dict[str, str], tmp_path: Path
) -> None:
    ended = await install(house, tmp_path, links[APP], "--id", "first")
    assert (ended.code, ended.err) == (0, "")
    first, *result = ended.out.splitlines()[:4]
    events = ended.out.splitlines()[4:]
    assert first == "accepted first"
    shown = [f"installation_id: {SITE}/{APP}/1", f"app_key: {APP}", "attempt: 1"]
    assert [line.strip() for line in result] == shown
    types = [line.split("\t")[1].partition(".")[2] for line in events]
    assert (types[0], types[-1]) == ("InstallRequested", "AppInstalled")
    assert "TokenAttached" in types  # what other services did may be told later than the end

    again = await install(house, tmp_path, links[APP], "--id", "first")
    assert (again.code, again.err) == (0, "")
    assert again.out.splitlines()[0] == "accepted first (already done, same reply)"
    assert again.out.splitlines()[1:] == ended.out.splitlines()[1:]


async def test_an_install_is_traced(
    house: Supervisor, links: dict[str, str], tmp_path: Path
) -> None:
    ended = await install(house, tmp_path, links[APP], "--trace", "-o", "jsonl")
    assert (ended.code, ended.err) == (0, "")
    reply, *nodes = map(json.loads, ended.out.splitlines())
    by_id = {node["id"]: node for node in nodes}
    first, last = nodes[0], nodes[-1]
    assert (first["name"], first["cause"]) == ("installation.InstallRequested", reply["command_id"])
    assert (first["depth"], first["after_ms"]) == (1, 0)
    assert last["name"] == "installation.AppUpdated"
    for node in nodes[1:]:
        assert node["depth"] == by_id[node["cause"]]["depth"] + 1
        assert node["after_ms"] >= by_id[node["cause"]]["after_ms"]
    shown = await install(house, tmp_path, links[APP], "--trace")
    line = next(row for row in shown.out.splitlines() if "InstallRequested" in row)
    assert line.startswith("+0.0 ms\t  installation.InstallRequested\tbob\t")


async def test_an_install_that_fails_ends_with_its_code_each_time(
    house: Supervisor, links: dict[str, str], tmp_path: Path
) -> None:
    for _ in range(2):
        ended = await install(house, tmp_path, links[JWT_APP], "--id", "jwt", "-o", "jsonl")
        assert ended.code == 1
        reply, *events = map(json.loads, ended.out.splitlines())
        assert reply["status"] == "accepted"
        types = [event["type"].partition(".")[2] for event in events]
        assert (types[0], types[-1]) == ("InstallRequested", "InstallFailed")
        assert "HookAnswered" in types
        assert json.loads(ended.err)["code"] == "hook-unreachable"


async def test_who_need_not_wait_gets_the_reply_alone(
    house: Supervisor, links: dict[str, str], tmp_path: Path
) -> None:
    ended = await install(house, tmp_path, links[JWT_APP], "--no-wait")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[1].startswith(f"  InstallRequested installation/site/{SITE}@")


async def test_the_end_of_an_install_is_known_whatever_flow_it_belongs_to(
    client: Client, links: dict[str, str]
) -> None:
    before = await client.last()
    command = InstallApp(site_id=SITE, url=links[JWT_APP])
    while not isinstance(begun := await client.send(command, actor=acting.BOB), Accepted):
        assert acting.code(begun) == "install-in-progress"
    seen = [event async for event in client.outcome(command, begun, after=before)]
    assert seen[-1].topic == "installation.InstallFailed"
    assert seen[-1].id in client.memory.after(ListTokens(app_key=JWT_APP))
    other = begun.model_copy(update={"command_id": "of-another-flow"})
    ends = [event async for event in client.outcome(command, other, after=before)]
    assert [event.position for event in ends] == [seen[-1].position]


@pytest.mark.usefixtures("links")
async def test_any_command_is_waited_for_until_its_events_are_published(house: Supervisor) -> None:
    typed = ("send", "RegisterPartner", "partner_id=waited", "organisation=W", "--wait")
    ended = await run(house, *typed)
    assert (ended.code, ended.err) == (0, "")
    _, event = ended.out.splitlines()
    assert event.endswith("W registered as waited")
    without = ("send", "DisablePrivateListings", f"site_id={SITE}", "--as", "bob", "--wait")
    assert (await run(house, *without)).code == 0
    assert len((await run(house, *without)).out.splitlines()) == 1


async def test_a_call_is_answered_after_the_one_before(house: Supervisor) -> None:
    await run(house, "send", "RegisterPartner", "partner_id=rows", "organisation=R", "--as", "ann")
    for number in range(3):
        app_key = f"com.example.row{number}"
        with sample_app({"key": app_key}) as app:
            body = json.dumps(acting.publish_app(app, partner_id="rows").model_dump(mode="json"))
            os.kill(house.pid("token"), signal.SIGSTOP)
            published = await run(house, "send", "PublishApp", body, "--as", "ann")
        assert (published.code, published.err) == (0, "")
        create = run(house, "send", "CreateToken", f"app_key={app_key}", "--as", "ann")
        creating = asyncio.create_task(create)
        await asyncio.sleep(0.4)  # it asks meanwhile
        os.kill(house.pid("token"), signal.SIGCONT)
        made = await creating
        assert (made.code, made.err) == (0, "")


async def test_a_memory_that_is_broken_or_cannot_be_written_keeps_nobody_from_asking(
    house: Supervisor,
) -> None:
    kept = house.data / "seen.json"
    kept.unlink(missing_ok=True)
    kept.mkdir()
    for number in range(2):
        made = await run(
            house, "send", "RegisterPartner", f"partner_id=kept{number}", "organisation=K"
        )
        assert (made.code, made.err) == (0, "")
    assert [*house.data.glob("seen.*")] == [kept]
    kept.rmdir()
    kept.write_text("{")
    assert (await run(house, "query", "Listing", "app_key=none")).code == 1
    assert (await run(house, "send", "RegisterPartner", "partner_id=k", "organisation=K")).code == 0
    assert "partner/k@1" in kept.read_text()
    assert [*house.data.glob("seen.*")] == [kept]


@pytest.mark.parametrize("command", Command.TABLE.values())
def test_what_ends_a_command_is_an_event_of_its_service(command: type[Command]) -> None:
    assert all(f"{command.SERVICE}.{name}" in Event.TABLE for name in command.ENDS)
