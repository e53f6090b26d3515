"""History happens again with other code, and what would be otherwise is named."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from services.history.kinds import KINDS
from services.installation.commands import InstallApp, SetToken
from services.token.commands import CreateToken
from shared.links import Link
from shared.settings import store_file
from tests.clients.command import Ended, guestlist
from tests.history.conftest import APP, SITE, TOKENS
from tests.history.trees import LIMIT_51, Edit, copied
from tests.world import KEYS, MARKETPLACE, World

pytestmark = pytest.mark.slow
WATCH = """
import os, sys
DOORS = open(os.environ["DOORS"], "a")
print("looked at", file=DOORS, flush=True)
def told(event, args):
    writes = event == "sqlite3.connect" and "mode=ro" not in str(args[0])
    if writes or event in ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo"):
        print(event, args, file=DOORS, flush=True)
sys.addaudithook(told)
"""
"""Tells of each way out of a process: to the bus, to apps, and into a store."""


REMOVES = Edit("services/token/domain/tokens.py", "self.active.pop(event.token_id, None)", "pass")


async def replay(
    data: Path, *typed: str | Path, here: Path | None = None, **settings: str
) -> Ended:
    """What `guestlist replay` prints; `here`: by the code in that folder."""
    given = {"GUESTLIST_DATA": str(data), "GUESTLIST_PUBLIC_URL": MARKETPLACE} | settings
    if here is None:
        return await guestlist("replay", *typed, settings=given)
    program = (sys.executable, "-c", "from services.cli.main import main; main()")
    given["PYTHONPATH"] = str(here)
    return await guestlist("replay", *typed, program=program, folder=here, settings=given)


async def differences(data: Path, *typed: str | Path) -> list[dict[str, Any]]:
    """The same as data."""
    ended = await replay(data, *typed, "--json")
    assert (ended.code, ended.err) == (1, "")
    told: list[dict[str, Any]] = json.loads(ended.out)
    return told


def contents(data: Path) -> Mapping[str, str]:
    """What tells whether a store was written to."""
    files = (store_file(data, service) for service in KINDS)
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


async def test_today_everything_would_be_decided_as_it_was(data: Path) -> None:
    ended = await replay(data)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("nothing differs: ")
    assert (await replay(data, "--json")).out == "[]\n"


async def test_the_same_code_elsewhere_makes_the_same_of_it(data: Path, tmp_path: Path) -> None:
    ended = await replay(data, "--against", copied(tmp_path))
    assert (ended.code, ended.err) == (0, "")


async def test_another_limit_is_found_where_it_decides(data: Path, tmp_path: Path) -> None:
    (row,) = await differences(data, "--against", copied(tmp_path, LIMIT_51))
    assert (row["kind"], row["aggregate"], row["name"]) == ("decision", "AppTokens", "CreateToken")
    assert row["where"].startswith(f"{TOKENS}@")
    assert (row["then"], row["now"]) == ("accepted: token.TokenCreated", "token-limit-reached")
    lines = (await replay(data, "--against", tmp_path)).out.splitlines()
    assert row["command_id"] in lines[0]
    assert lines[2] == "  today: token-limit-reached"


async def test_another_evolve_is_found_at_the_first_event_that_it_changes(
    data: Path, tmp_path: Path
) -> None:
    first, *others = await differences(data, "--against", copied(tmp_path, REMOVES))
    assert (first["kind"], first["name"]) == ("state", "token.TokenRemoved")
    assert [change["path"] for change in first["changes"]] == ["/active/1"]
    assert others == []


@pytest.mark.extra
async def test_a_difference_that_goes_away_again_is_found_too(data: Path, tmp_path: Path) -> None:
    edit = Edit(
        "services/token/domain/tokens.py", "applied_at=event.applied_at,", "applied_at=None,"
    )
    first, *others = await differences(data, "--against", copied(tmp_path, edit))
    assert (first["kind"], first["name"]) == ("state", "token.TokenApplied")
    assert others == []


async def test_a_set_of_removed_tokens_that_differs_is_found_too(
    data: Path, tmp_path: Path
) -> None:
    edit = Edit(
        "services/installation/domain/licensed.py",
        "self.removed = self.removed.plus(event.token_id)",
        "pass",
    )
    place = f"installation/site/{SITE}"
    first, *others = await differences(data, "--against", copied(tmp_path, edit), "--only", place)
    assert (first["kind"], first["name"]) == ("state", "installation.TokenRemovalSeen")
    assert others == []


async def test_what_only_looks_like_a_token_is_not_made_one(tmp_path: Path) -> None:
    """A wrong token, and a note: only a hash tells what was asked."""
    world = World(tmp_path)
    await world.list_app(APP)
    await world.make_site(SITE)
    await world.send("ann", InstallApp(site_id=SITE, url=Link(APP, 1, None).url(MARKETPLACE)))
    await world.settle()
    wrong = f"{KEYS.token(APP, 1)[:-1]}0"
    asked = (
        CreateToken(app_key=APP, note="gl_7_k1***"),
        SetToken(site_id=SITE, app_key=APP, token=wrong),
    )
    replies = [(await world.send("ann", command)).status for command in asked]
    assert replies == ["accepted", "refused"]
    world.leave()
    (tmp_path / "keys.json").write_text(json.dumps({"k1": bytes(range(32)).hex()}))
    ended = await replay(tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith(", 1 with a token not decided without their keys\n")


async def test_only_what_is_asked_for_is_told(data: Path, tmp_path: Path) -> None:
    against = ("--against", copied(tmp_path, LIMIT_51))
    assert (await replay(data, *against, "--only", f"installation/site/{SITE}")).code == 0
    assert len(await differences(data, *against, "--only", TOKENS)) == 1


async def test_without_the_keys_what_had_a_token_is_not_said_to_differ(
    data: Path, tmp_path: Path
) -> None:
    for service in KINDS:
        shutil.copy(store_file(data, service), tmp_path)
    ended = await replay(tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith(", 2 with a token not decided without their keys\n")


@pytest.mark.extra
async def test_code_that_breaks_at_an_event_is_told_with_it(data: Path, tmp_path: Path) -> None:
    edit = REMOVES._replace(new="raise KeyError(event.token_id)")
    first, *_ = await differences(data, "--against", copied(tmp_path, edit))
    assert (first["kind"], first["name"]) == ("state", "token.TokenRemoved")
    assert "KeyError: 1" in str(first["changes"])


async def test_a_replay_sends_nothing_calls_nobody_and_stores_nothing(
    data: Path, tmp_path: Path
) -> None:
    here, doors = copied(tmp_path / "here"), tmp_path / "doors"
    (here / "sitecustomize.py").write_text(WATCH)
    before = contents(data)
    for against in ((), ("--against", here)):
        ended = await replay(data, *against, here=here, DOORS=str(doors))
        assert (ended.code, ended.err) == (0, "")
    processes = 1 + 1, 1 + 2  # the command, and each code that it runs
    assert doors.read_text().splitlines() == ["looked at"] * sum(processes)
    assert contents(data) == before


@pytest.mark.extra
async def test_what_is_no_code_is_told(data: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    broken = copied(
        tmp_path, Edit("services/history/kinds.py", "KINDS: dict", "KINDS = None.x\nX: dict")
    )
    for against, told in (
        ("no-such-revision", "is no folder, and no revision"),
        (str(tmp_path / "empty"), "there is no code of Guestlist"),
        (str(broken), "AttributeError"),
    ):
        ended = await replay(data, "--against", against)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("no-code: ")
        assert told in ended.err


@pytest.mark.extra
async def test_a_revision_is_checked_out_apart(data: Path, tmp_path: Path) -> None:
    here = copied(tmp_path, LIMIT_51)

    def git(*words: str) -> None:
        who = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        subprocess.run(["git", "-C", here, *who, *words], check=True, capture_output=True)

    git("init")
    git("add", "-A")
    git("commit", "-m", "51")
    git("tag", "fifty-one")
    file, old, new = LIMIT_51
    (here / file).write_text((here / file).read_text().replace(new, old))
    ended = await replay(data, "--against", "fifty-one", "--json", here=here)
    assert ended.code == 1, ended.err
    (row,) = json.loads(ended.out)
    assert (row["then"], row["now"]) == ("accepted: token.TokenCreated", "token-limit-reached")


@pytest.mark.extra
async def test_code_with_other_pins_has_an_environment_of_its_own(
    data: Path, tmp_path: Path
) -> None:
    pins = Edit("constraints.txt", "idna==", "# another pin\nidna==")
    ended = await replay(data, "--against", copied(tmp_path, pins))
    assert (ended.code, ended.err) == (0, "")
