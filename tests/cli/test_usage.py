"""The command line answers wrong use with exit code 2, and a server that is away with 3."""

import asyncio
import json
import os
import socket
from pathlib import Path

import pytest

from services.cli import arguments
from services.cli.codes import catalogue
from services.cli.main import COMMANDS, main
from services.cli.told import Entry, Problem
from services.contract import SERVICES
from shared.keys import Keys
from shared.messages import Command, Query
from tests.clients.command import guestlist

pytestmark = pytest.mark.slow

NAMES = [command.name for command in COMMANDS]
TOKEN = Keys({"k1": b"k" * 32}).token("x", 7)
CREATE, SET = ("send", "CreateToken"), ("send", "SetToken")
WRONG = {
    "a misspelt name": (("send", "createtokn", "app_key=x"), "unknown-name", "CreateToken?"),
    "an unlike name": (("send", "Zzz"), "unknown-name", "AddAdmin, AddMember"),
    "a query": (("send", "ListTokens"), "unknown-name", "guestlist query ListTokens"),
    "a command": (("query", "CreateToken"), "unknown-name", "guestlist send CreateToken"),
    "an unknown field": ((*CREATE, "app_key=x", "nope=1"), "bad-request", "nope: no such field"),
    "a missing field": ((*CREATE, "note=x"), "bad-request", "app_key: missing"),
    "a wrong type": (("send", "RemoveToken", "app_key=x", "token_id=a"), "bad-request", "token_id"),
    "a wrong choice": (("send", "RegisterSite", "product=x"), "bad-request", "'confluence'"),
    "a bad key": ((*CREATE, "app_key=a b"), "bad-request", "app_key: String should match"),
    "a field twice": ((*CREATE, "app_key=x", "app_key=y"), "bad-request", "app_key is given twice"),
    "no field": ((*CREATE, TOKEN), "bad-request", "gl_7_k1*** is no FIELD=VALUE"),
    "broken JSON": ((*CREATE, '{"app_key":'), "bad-request", "fields: Invalid JSON"),
    "JSON of a wrong type": ((*CREATE, '{"app_key":1}'), "bad-request", "app_key: Input should"),
    "bytes that are no text": ((*CREATE, b"app_key=\xff"), "bad-request", "app_key: Input should"),
    "JSON that is no text": ((*CREATE, b'{"app_key":"\xff"}'), "bad-request", "Invalid JSON"),
    "a bad actor": ((*CREATE, "app_key=x", "--as", "Ann"), "bad-request", "--as: String should"),
    "a bad id": ((*CREATE, "app_key=x", "--id", "a b"), "bad-request", "--id: String should"),
    "an empty id": ((*CREATE, "app_key=x", "--id", ""), "bad-request", "--id: String should"),
    "an absent file": ((*SET, "token=@/absent"), "bad-request", "@/absent: No such file"),
    "a file without text": ((*SET, "token=@/bin/ls"), "bad-request", "it is no UTF-8 text"),
    "a file for no token": ((*CREATE, "app_key=@/bin/ls"), "bad-request", "app_key: String"),
    "an absent folder": ((*CREATE, "app_key=x", "--data", "/no\n"), "no-such-folder", r"/no\n"),
    "a folder of bytes": ((*CREATE, "app_key=x", b"--data=\xff"), "no-such-folder", r"\udcff"),
    "a file as folder": (("audit", "--data", "/bin/ls"), "wrong-use", "is a file"),
    "an unknown code": (("explain", "token-limit"), "unknown-code", "mean token-limit-reached?"),
    "an unlike code": (("explain", "zzz"), "unknown-code", "docs/codes.md"),
    "an unknown tool": ((*CREATE, "app_key=x", "--print", "curl"), "wrong-use", "'nats', 'python'"),
    "a kept command that is tried": (
        (*CREATE, "app_key=x", "--durable", "--dry-run"),
        "wrong-use",
        "--durable goes without --dry-run",
    ),
    "an unknown option": (("audit", "--folow"), "wrong-use", "--follow"),
}
"""What is wrong: what is typed, the code, and a part of what is said."""
MISUSED = {
    "send CreateTokn": "did you mean CreateToken?",
    "query ListTokens app_key=x --as Ann": "--as: String should match",
    "sendd": "Did you mean 'send'?",
    "service": "hint: see: guestlist service --help",
    "service tokn": "hint: one of listing, token, installation",
    "up --port 70000": "less than or equal to 65535",
    "up --data /bin/ls": "is a file",
}


async def test_the_help_lists_each_command_and_the_exit_codes() -> None:
    shown, asked = await asyncio.gather(guestlist("--help"), guestlist())
    assert (shown.code, shown.err) == (0, "")
    assert (asked.code, asked.out, asked.err) == (2, "", shown.out)
    listed = [line.split()[0] for line in shown.out.splitlines() if line.startswith("  ")]
    assert [name for name in listed if name in NAMES] == NAMES
    for code in ("0 done", "1 refused or not well", "2 wrong use", "3 no answer", "130"):
        assert code in shown.out


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_use_is_told_as_text_and_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    typed, code, part = WRONG[wrong]
    told = {}
    for options in ((), ("--json",), ("-o", "jsonl"), ("--output=json",)):
        monkeypatch.setattr("sys.argv", ["guestlist", *map(os.fsdecode, typed), *options])
        with pytest.raises(SystemExit, check=lambda ended: ended.code == 2):
            main()
        out, told[options] = capsys.readouterr()
        assert out == ""
        assert part in told[options].replace("\\\\", "\\")
        assert TOKEN not in told[options]
    problem = Problem.model_validate(json.loads(told["--json",]))
    assert (problem.code, problem.docs) == (code, f"docs/codes.md#{code}")
    assert all(json.loads(text) for options, text in told.items() if options)
    first, *rest = told[()].splitlines()
    assert first.startswith(f"{code}: ")
    assert [line.partition(": ")[0] for line in rest] == ["hint"]


@pytest.mark.parametrize(("typed", "part"), MISUSED.items())
async def test_other_wrong_use_is_told_too(typed: str, part: str) -> None:
    ended = await guestlist(*typed.split())
    assert (ended.code, ended.out) == (2, "")
    assert part in ended.err
    assert len(ended.err.splitlines()) <= 2


@pytest.mark.parametrize(("command", "table"), [("send", Command.TABLE), ("query", Query.TABLE)])
async def test_without_a_name_all_names_are_told(
    command: str, table: dict[tuple[str, str], type]
) -> None:
    ended = await guestlist(command)
    assert ended.code == 2
    assert f"hint: one of {', '.join(sorted(name for _, name in table))}\n" in ended.err


async def test_without_fields_a_command_tells_its_fields() -> None:
    ended = await guestlist("send", "CreateToken")
    assert ended.code == 2
    assert "what may be left out: app_key [note]\n" in ended.err


async def test_a_server_that_is_away_is_no_answer(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
        nats = ("--nats", f"nats://user:secret@{place}")
        ended, unstarted = await asyncio.gather(
            guestlist("audit", *nats), guestlist("audit", "--data", tmp_path)
        )
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(f"no-reply: no NATS server answers at {place}\nhint: ")
    assert (unstarted.code, unstarted.out) == (3, "")
    assert unstarted.err.startswith(f"not-up: nothing was started on {tmp_path}\nhint: ")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_tells_in_one_line_what_it_misses(tmp_path: Path, service: str) -> None:
    folder, setting = await asyncio.gather(
        guestlist("service", service, settings={"GUESTLIST_DATA": str(tmp_path / "absent")}),
        guestlist("service", service, settings={"GUESTLIST_DEVELOPMENT": "maybe"}),
    )
    for ended, part in ((folder, f"{tmp_path}/absent"), (setting, "development: ")):
        first, hint = ended.err.splitlines()
        assert (ended.code, ended.out) == (2, "")
        assert first.startswith("not-started: ")
        assert part in first
        assert hint.startswith("hint: ")


async def test_the_token_service_tells_that_its_key_file_is_missing(tmp_path: Path) -> None:
    ended = await guestlist("service", "token", settings={"GUESTLIST_DATA": str(tmp_path)})
    assert ended.code == 2
    assert f"No such file or directory: '{tmp_path}/keys.json'" in ended.err.splitlines()[-2]
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("code", catalogue())
def test_each_code_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: str
) -> None:
    told = {}
    for options in ((), ("--json",)):
        monkeypatch.setattr("sys.argv", ["guestlist", "explain", code, *options])
        with pytest.raises(SystemExit, check=lambda ended: ended.code == 0):
            main()
        told[options], _ = capsys.readouterr()
    entry = Entry.model_validate_json(told["--json",])
    assert entry == catalogue()[code]
    assert told[()].startswith(f"{code} ({entry.kind}): {entry.rule}\n")
    assert (entry.next is None) == ("\nnext: guestlist " not in told[()])
    assert entry.next is None or told[()].endswith(f" {entry.next}\n")


@pytest.mark.parametrize("typed", [["--help"], ["send", "--help"], ["query", "Listing"]])
async def test_nothing_breaks_when_nobody_reads(typed: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    ended = await guestlist(*typed, stdout=write)
    told = await guestlist(*typed, stdout=write, stderr=write)
    os.close(write)
    assert ended.code == told.code == (0 if "--help" in typed else 2)
    assert "Traceback" not in ended.err
    assert bool(ended.err) == (ended.code == 2)


async def test_utf_8_is_printed_whatever_the_environment_says() -> None:
    ended = await guestlist("service", "é", settings={"PYTHONIOENCODING": "ascii"})
    assert ended.err.startswith("unknown-service: there is no é\n")


@pytest.mark.parametrize("asks", [False, True])
async def test_the_command_line_imports_no_web_framework(tmp_path: Path, asks: bool) -> None:
    typed = ["send", "CreateToken", "app_key=x", f"--data={tmp_path}"] if asks else ["--help"]
    ended = await guestlist(*typed, settings={"PYTHONPROFILEIMPORTTIME": "1"})
    assert "| services.cli.main\n" in ended.err
    assert (" shared.client\n" in ended.err) == asks
    for framework in ("faststream", "fastapi"):
        assert f" {framework}" not in ended.err


def test_a_field_of_several_values_takes_them_between_commas() -> None:
    typed = ["app_key=x", "categories=planning,reports", "summary=Plans, all of them"]
    asked = arguments.request(Command.TABLE, "EditListing", typed)
    told = asked.model_dump(include={"categories", "summary"})
    assert told == {"categories": ("planning", "reports"), "summary": "Plans, all of them"}
