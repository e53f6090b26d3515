"""`make soak`: kill runs for hours, then two hours at a steady rate, all written into a ledger.

It goes on where it was stopped, and ends when there was enough, or at the first violation. A run
that is void stands in the ledger and counts for nothing.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from services import contract
from services.cli.output import line
from tests.faults import endurance, killing

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "docs/soak.jsonl"
KILLS, IN_A_RUN = 2000, 100
"""In all, and in one run."""
BETWEEN = 300
"""Commands that are answered from one kill to the next: where services take seconds to start, kills
would come before they have, and nothing would be under way."""
FIRST = 1000
"""The seed of the first run; each has its own."""


def main() -> int:
    """Go on until there is enough."""
    contract.load()
    LEDGER.touch()
    while True:
        rows = [json.loads(row) for row in LEDGER.read_text().splitlines()]
        valid = [row for row in rows if not row["void"]]
        kills = sum(row.get("kills", 0) for row in valid)
        hours = sum(row.get("hours", 0) for row in valid)
        line(f"{kills} of {KILLS} kills, {hours:g} of {endurance.HOURS:g} h, {LEDGER}")
        if any(row["violations"] for row in rows):
            return 1
        if kills < KILLS:
            _write(_kill(FIRST + len(rows)))
        elif hours < endurance.HOURS:
            _write(_endure())
        else:
            return 0


def _kill(seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(
            killing.run(Path(folder) / "house", kills=IN_A_RUN, seed=seed, between=BETWEEN)
        )
    line(str(report))
    return {
        "seed": seed,
        "kills": sum(report.kills.values()),
        "commands": report.commands,
        "rate": report.rate,
        "unknown": report.unknown,
        "void": report.void,
        "violations": report.violations,
    }


def _endure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(
            endurance.run(Path(folder) / "house", hours=endurance.HOURS, tell=line)
        )
    line(str(report))
    return {
        "hours": report.hours,
        "commands": report.commands,
        "slopes": report.slopes,
        "void": report.void,
        "violations": report.violations,
    }


def _write(row: dict[str, Any]) -> None:
    """Add a row, with the code that ran; the ledger itself is no change of it."""
    code = _git("rev-parse", "--short", "HEAD")
    if _git("status", "--porcelain", "--", ".", f":!{LEDGER.relative_to(ROOT)}"):
        code += "-dirty"
    with LEDGER.open("a") as file:
        file.write(json.dumps({"code": code} | row) + "\n")


def _git(*command: str) -> str:
    told = subprocess.run(("git", *command), cwd=ROOT, capture_output=True, check=True, text=True)
    return told.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
