"""A shell is offered what could be typed, from the contract and from what the folder has seen."""

import json
import subprocess
from pathlib import Path

import pytest

from services.cli.main import COMMANDS
from services.contract import SERVICES
from tests.clients.command import GUESTLIST, guestlist

pytestmark = pytest.mark.slow

SEEN = {
    "seen": {
        "com.example.app": ["listing/listing/com.example.app@2", "token/tokens/com.example.app@9"],
        "site-a": ["installation/site/site-a@3"],
        "com.other": ["token/tokens/com.other@1"],
        "example": ["listing/partner/example@1"],
    },
    "leads": {},
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder on which commands were typed before."""
    (tmp_path / "seen.json").write_text(json.dumps(SEEN))
    return tmp_path


async def offered(data: Path, *words: str) -> list[str]:
    """What bash is offered for the last of these words."""
    settings = {
        "GUESTLIST_DATA": str(data),
        "_GUESTLIST_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(["guestlist", *words]),
        "COMP_CWORD": str(len(words)),
    }
    ended = await guestlist(settings=settings)
    assert (ended.code, ended.err) == (0, "")
    return ended.out.split()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("",), [command.name for command in COMMANDS]),
        (("send", "createt"), ["CreateToken"]),
        (("query", "List"), ["Listing", "ListTokens"]),
        (("send", "CreateToken", ""), ["app_key=", "note="]),
        (("send", "CreateToken", "app_key=x", ""), ["note="]),
        (("send", "CreateToken", "app_key=com."), ["app_key=com.example.app", "app_key=com.other"]),
        (("send", "CreateToken", "app_key", "="), ["com.example.app", "com.other"]),
        (("send", "CreateToken", "app_key", "=", "com.o"), ["com.other"]),
        (("send", "CreateToken", "app_key", "=", "x", ""), ["note="]),
        (
            ("send", "CreateToken", "note", "=", "x", "app_key", "="),
            ["com.example.app", "com.other"],
        ),
        (("query", "Site", "site_id=s"), ["site_id=site-a"]),
        (("query", "Partner", "partner_id="), ["partner_id=example"]),
        (("send", "CreateToken", "note="), []),
        (("audit", "--event", "TokenR"), ["TokenRemoved", "TokenRemovalSeen"]),
        (("explain", "token-l"), ["token-limit-reached"]),
        (("history", "token/"), ["token/tokens/com.example.app", "token/tokens/com.other"]),
        (("service", ""), list(SERVICES)),
        (("send", "CreateToken", "app_key=com.", "-o", "js"), ["json", "jsonl"]),
    ],
    ids=" ".join,
)
async def test_what_could_be_typed_is_offered(
    data: Path, words: tuple[str, ...], wanted: list[str]
) -> None:
    assert sorted(await offered(data, *words)) == sorted(wanted)


async def test_a_folder_that_has_seen_nothing_offers_fields(tmp_path: Path) -> None:
    assert await offered(tmp_path, "send", "CreateToken", "app_key=") == []
    (tmp_path / "seen.json").write_text("{")
    assert await offered(tmp_path / "absent", "send", "CreateToken", "a") == ["app_key="]
    assert await offered(tmp_path, "history", "") == []


def test_bash_completes_with_the_script_that_it_is_shown(data: Path) -> None:
    typed = """
        source <("$0" --show-completion bash)
        COMP_WORDS=(guestlist send CreateToken app_key = com.o) COMP_CWORD=5
        _guestlist_completion "$0"
        echo "${COMPREPLY[@]}"
    """
    shown = subprocess.run(
        ["/bin/bash", "-c", typed, GUESTLIST],
        env={
            "GUESTLIST_DATA": str(data),
            "PATH": "/usr/bin:/bin",
            "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "com.other\n", shown.stderr
