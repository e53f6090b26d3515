"""What holds for each command of `guestlist`, whichever there are."""

import fcntl
import json
import shlex
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from services.accounts import Accounts
from services.cli.main import COMMANDS, Registered, run
from services.cli.output import clean
from services.installation.commands import InstallApp
from services.supervisor import Supervisor
from shared import clock
from shared.client import Client
from shared.dead_letters import Letter
from shared.names import iso
from shared.sqlite import open_sqlite
from tests.clients import sample_app as sample
from tests.clients.command import GUESTLIST, guestlist, on_terminal, read_line, started
from tests.clients.ports import free_port
from tests.clients.sample_app import PAID, answering
from tests.flows import acting
from tests.flows.acting import BOB, accepted
from tests.flows.calls import (
    ASK_EVIL,
    EXITS,
    HOSTILE,
    HOSTILE_CALLS,
    MAY_TELL_NOTHING,
    TELLS_EVENTS,
    TELLS_ITS_FAILURE,
    Call,
)
from tests.flows.conftest import bare_nats
from tests.flows.test_plays import WRITTEN

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/output.schema.json").read_text())
NAMES = [command.name for command in COMMANDS]
RUNNING = {"up", "service"}
"""They go on until they are told to stop."""
REPEATED: dict[str, Callable[[], list[str]]] = {
    "send": lambda: ["--id", "example"],
    "play": lambda: ["--id", "example"],
    "import": lambda: ["--data", f"scratch-{uuid.uuid4()}"],
}
"""What makes an example one that may be run again."""


@pytest.fixture(scope="module")
async def folder(
    house: Supervisor, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Path]:
    """Where commands are typed: all files that they need are here, and the house has an app."""
    here: Path = tmp_path_factory.mktemp("here")
    await acting.make_site(client, "site-a")
    page = {"modules": {"adminPages": [{"key": "admin", "url": "/admin"}]}}
    async with (
        acting.served(client, "com.example.app", sample.JWT | page),
        acting.served(client, "com.example.evil", sample.JWT) as evil_app,
    ):
        evil_app.answer = answering(500, HOSTILE.encode())
        for app_key in ("com.example.app", "com.example.evil"):
            link = acting.descriptor_link(app_key)
            await accepted(client, BOB, InstallApp(site_id="site-a", url=link))
        await acting.quiet(house)
    await acting.make_token(client, "com.example.app")
    accounts = Accounts(house.data)
    accounts.add("ann")
    accounts.add_key("ann", ["apps:read"], now=clock.now(), note=HOSTILE)
    descriptor = json.dumps(PAID | {"baseUrl": "https://app.example.com"})
    (here / "atlassian-connect.json").write_text(descriptor)
    (here / "site.yaml").write_text(WRITTEN)
    (here / "unstarted").mkdir()
    exported = await guestlist("export", here / "house.jsonl", settings=given(house))
    assert exported.code == 0
    steps: list[dict[str, Any]] = [ASK_EVIL | {"with": {"partner_id": "absent"}}]
    (here / "bad.yaml").write_text(json.dumps({"title": "bad", "steps": steps}))
    evil = {"title": HOSTILE, "steps": [ASK_EVIL | {"answer": {"organisation": HOSTILE}}]}
    (here / "evil.yaml").write_text(json.dumps(evil))
    for name in (f"{HOSTILE}-data/x", f"{HOSTILE}.json"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
    (here / f"{HOSTILE}.json").write_text(descriptor)
    registered = await guestlist("send", *HOSTILE_CALLS["send"].typed, settings=given(house))
    assert registered.code == 0
    (here / f"{HOSTILE}-up").mkdir()
    with (here / f"{HOSTILE}-up/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield here


@pytest.fixture(autouse=True)
def _letter(request: pytest.FixtureRequest, house: Supervisor) -> Iterator[None]:
    """A dead letter for the command that deals with them; for all others the house is well."""
    if "[dead-letters]" not in request.node.name:
        yield
        return
    store, now = open_sqlite(house.data / "token.sqlite"), iso(clock.now())
    letter = Letter("token_listing", now, f"evt.{HOSTILE}", None, None, "{}", b"", HOSTILE, 1, now)
    store.insert_letter(letter, behind=False)
    yield
    store.settle_letter(store.select_letters()[0].number, "discarded", "operator", now)


def given(house: Supervisor) -> dict[str, str]:
    """The settings of each call."""
    return {"GUESTLIST_DATA": str(house.data)}


@pytest.fixture
def called(
    house: Supervisor,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Any:
    """Runs a command in this process, as into a pipe: gives its code, stdout and stderr."""
    monkeypatch.setenv("GUESTLIST_DATA", str(house.data))
    monkeypatch.chdir(folder)

    def call(*typed: str) -> tuple[int, str, str]:
        code = run(list(typed))
        return code, *capfd.readouterr()

    return call


def fits(data: Any, name: str) -> None:
    """Raises when the data aren't what the published schema says."""
    jsonschema.validate(data, SCHEMA | {"$ref": f"#/$defs/{name}"})


def example(command: Registered) -> list[str]:
    """What the help of a command gives as an example, so that it may be run again."""
    return [*shlex.split(command.example), *REPEATED.get(command.name, list)()]


def strings(data: Any) -> Iterator[str]:
    """All texts in there."""
    match data:
        case str():
            yield data
        case dict():
            for value in data.values():
                yield from strings(value)
        case list():
            for value in data:
                yield from strings(value)


def typed(name: str, call: Call, house: Supervisor) -> list[str]:
    """All words of a call."""
    words = {"NATS": house.url, "PORT": house.url.rpartition(":")[2]}
    return [name, *(words.get(word, word) for word in call.typed)]


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
async def test_its_example_runs(house: Supervisor, folder: Path, command: Registered) -> None:
    shown = await guestlist(command.name, "--help")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith(f"Usage: guestlist {command.name} ")
    assert " ".join(shown.out.split()).endswith(f"Example: guestlist {command.example}")
    if command.name not in RUNNING:  # they are run below, until they are told to stop
        ended = await guestlist(*example(command), folder=folder, settings=given(house))
        assert (ended.code, ended.err) == (0, "")
        assert ended.out


@pytest.mark.parametrize(
    "command", [row for row in COMMANDS if row.name not in RUNNING], ids=lambda row: str(row.name)
)
def test_what_it_tells_fits_its_schema_in_each_form(command: Registered, called: Any) -> None:
    code, out, err = called(*example(command), "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document or command.name in MAY_TELL_NOTHING
    fits(document, command.name)
    many = isinstance(document, list)
    code, out, err = called(*example(command), "-o", "jsonl")
    lines = [json.loads(line) for line in out.splitlines()]
    fits(lines if many else lines[0], command.name)
    assert (code, err) == (0, "")
    assert called(*example(command), "-o", "none") == (0, "", "")
    code, out, err = called(*example(command), "-o", "cloudevents")
    if command.name not in TELLS_EVENTS:
        assert (code, out, json.loads(err)["code"]) == (2, "", "wrong-use")
    else:
        events = [json.loads(line) for line in out.splitlines()]
        assert [event["id"] for event in events] == [event["id"] for event in document]
        assert all(event["specversion"] == "1.0" for event in events)


async def test_what_runs_ends_well_when_it_is_told(tmp_path: Path) -> None:
    settings = {"GUESTLIST_DATA": str(tmp_path / HOSTILE), "GUESTLIST_HOOKS": "false"}
    ports = ("--port", str(free_port()), "--http-port", str(free_port()))
    async with started("up", *ports, "--json", settings=settings) as up:
        told = json.loads(await read_line(up.stdout))
        fits(told, "up")
        assert told["hooks"] is False
        up.send_signal(signal.SIGTERM)
        assert await up.communicate() == (b"", b"")
        assert up.returncode == 0
    async with bare_nats(tmp_path) as url:
        settings["GUESTLIST_NATS"] = url
        async with (
            started("service", "token", "--json", settings=settings) as service,
            await Client.open(url, "tester") as client,
        ):
            while await client.health("token") is None:
                assert service.returncode is None
            service.send_signal(signal.SIGTERM)
            out, _ = await service.communicate()
            assert (service.returncode, out) == (0, b"")


@pytest.mark.parametrize(
    ("name", "call"),
    [(name, call) for name in NAMES for call in EXITS[name]],
    ids=lambda value: value if isinstance(value, str) else f"{value.code}: {value.typed}",
)
def test_its_exit_code_tells_how_it_ended(
    house: Supervisor, called: Any, name: str, call: Call
) -> None:
    line = typed(name, call, house)
    code, out, err = called(*line)
    assert code == call.code, (out, err)
    assert "Traceback" not in err
    code, out, data = called(*line, "--json")
    assert code == call.code
    if call.code == 1 and name in TELLS_ITS_FAILURE:
        fits(json.loads(out), name)
        assert (data, err) == ("", "")
    else:
        assert out == ""
        fits(problem := json.loads(data), "error")
        assert err.startswith(f"{problem['code']}: ")
        assert problem["hint"]


def test_each_command_is_called_in_each_way() -> None:
    assert list(EXITS) == list(HOSTILE_CALLS) == NAMES
    for name, calls in EXITS.items():
        assert 2 in [call.code for call in calls], name


@pytest.mark.extra
@pytest.mark.parametrize("name", NAMES)
async def test_a_hostile_name_comes_unharmed_to_a_terminal_and_through_head(
    house: Supervisor, folder: Path, name: str
) -> None:
    call = HOSTILE_CALLS[name]
    line = typed(name, call, house)
    shown = await on_terminal(*line, folder=folder, settings=given(house))
    assert shown.code == call.code, shown.out
    assert all(row.isprintable() for row in shown.out.split("\n"))
    assert clean(HOSTILE) in shown.out
    head = f"{shlex.join([str(GUESTLIST), *line])} | head -n 1; exit ${{PIPESTATUS[0]}}"
    ended = await guestlist(head, program=("/bin/bash", "-c"), folder=folder, settings=given(house))
    assert ended.code == call.code, ended.err
    assert (call.code == 0) == (ended.err == "")
    assert len(ended.out.splitlines()) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_comes_unharmed_through_a_pipe(
    house: Supervisor, called: Any, name: str
) -> None:
    call = HOSTILE_CALLS[name]
    line = typed(name, call, house)
    code, out, err = called(*line)
    assert code == call.code, err
    rows = (out + err).split("\n")
    assert all(cell.isprintable() for row in rows for cell in row.split("\t"))
    assert clean(HOSTILE) in out + err
    form = "jsonl" if name == "send" else "json"  # the reply to a command has no name
    code, out, err = called(*line, "-o", form)
    documents = [json.loads(text) for text in (out.splitlines() if name == "send" else [out + err])]
    assert any(HOSTILE in text for text in strings(documents))


async def test_who_stops_reading_an_endless_command_ends_it(
    house: Supervisor, folder: Path
) -> None:
    head = f"{GUESTLIST} audit --follow | head -n 1; exit ${{PIPESTATUS[0]}}"
    program = ("/bin/bash", "-c", head)
    async with started(program=program, folder=folder, settings=given(house)) as running:
        assert await read_line(running.stdout)
        async with await Client.open(house.url, "ann") as client:
            await acting.list_app(client, "com.example.more")
        _, err = await running.communicate()
    assert (running.returncode, err) == (0, b"")
