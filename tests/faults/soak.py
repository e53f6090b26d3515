"""`make soak`: kill runs for hours, each with a seed of its own, written into a ledger.

It goes on where it was stopped, and ends when there were enough kills, or at the first violation.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from services import contract
from services.cli.output import line
from tests.faults import killing

LEDGER = Path(__file__).parents[2] / "build/soak.jsonl"
KILLS, IN_A_RUN = 2000, 100
"""In all, and in one run."""


def main() -> int:
    """Go on until there are enough."""
    contract.load()
    LEDGER.parent.mkdir(exist_ok=True)
    LEDGER.touch()
    while True:
        done = [json.loads(row) for row in LEDGER.read_text().splitlines()]
        kills = sum(row["kills"] for row in done)
        line(f"{kills} of {KILLS} kills in {len(done)} runs, {LEDGER}")
        if any(row["violations"] for row in done):
            return 1
        if kills >= KILLS:
            return 0
        seed = 1000 + len(done)
        with tempfile.TemporaryDirectory() as folder:
            report = asyncio.run(killing.run(Path(folder) / "house", kills=IN_A_RUN, seed=seed))
        line(str(report))
        row = {
            "seed": seed,
            "kills": sum(report.kills.values()),
            "commands": report.commands,
            "rate": report.rate,
            "unknown": report.unknown,
            "violations": report.violations,
        }
        with LEDGER.open("a") as file:
            file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    sys.exit(main())
