"""The demo sees what it says, and says what it doesn't see."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SABOTAGE = {
    "GUESTLIST_TEST__TOKEN_LIMIT=51": "The app gets 50 active tokens, the 51st is refused",
    "GUESTLIST_TEST__RELAY=false": "the event PartnerRegistered was not seen",
    "GUESTLIST_TEST__BINDING=false": "The same token on a second site is refused",
}


def play(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tests.demo", *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def processes_naming(text: str) -> list[str]:
    """The command lines that hold `text`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in command:
            found.append(command)
    return found


def test_the_demo_holds_and_leaves_no_process(tmp_path: Path) -> None:
    played = play("--data", tmp_path)
    assert played.returncode == 0, played.stdout + played.stderr
    assert "everything held" in played.stdout.splitlines()[-1]
    assert processes_naming(str(tmp_path)) == []


@pytest.mark.extra
@pytest.mark.parametrize(("setting", "missing"), SABOTAGE.items())
def test_the_demo_names_what_is_missing(setting: str, missing: str) -> None:
    name, _, value = setting.partition("=")
    played = play("--within", "0.5", **{name: value})
    assert played.returncode in {1, 3}, played.stdout + played.stderr
    named = [line for line in played.stdout.splitlines() if line.startswith("missing: ")]
    assert any(missing in line for line in named), played.stdout
