"""`make soak`: what takes hours, all written into a ledger.

It goes on where it was stopped, and ends when there was enough, or when something didn't hold. A
run in which something didn't, or that is void, stands in the ledger and counts for nothing. That is
the end of it only where the same was run again and held: else it fails for ever.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from services import contract
from services.cli.output import line
from services.contract import SERVICES
from tests.clients.sample_app import sample_app
from tests.faults import crashes, endurance, killing, story
from tests.faults.crashes import PLACES, Place
from tests.faults.load import Load

ROOT = Path(__file__).parents[2]
LEDGER = ROOT / "docs/soak.jsonl"
KILLS, IN_A_RUN = 2000, 100
"""In all, and in one run."""
BETWEEN = 300
"""Commands that are answered from one kill to the next: where services take seconds to start, kills
would come before they have, and nothing would be under way."""
FIRST = 1000
"""The seed of the first run; each has its own."""
WITNESSED, IN_A_HISTORY, APPS = 10_000_000, 30_000, 8
"""Answers in all, from one kill to the next, and how many apps: each has its own history."""
DEATHS = 20
"""How often a service dies at each of its points."""

Row = dict[str, Any]


class Part(NamedTuple):
    """One of the things that take hours."""

    counted: str
    """The field of a row that is summed up."""
    wanted: float
    run: Callable[[Path, list[Row]], Coroutine[None, None, Row]]
    """In that folder, after the rows that there are."""


async def _kill(folder: Path, before: list[Row]) -> Row:
    """Everything dies at random."""
    report = await killing.run(
        folder / "house", kills=IN_A_RUN, seed=FIRST + len(before), between=BETWEEN
    )
    kills = sum(report.kills.values())
    return {"seed": report.seed, "kills": kills, "commands": report.commands} | _told(report)


async def _witness(folder: Path, before: list[Row]) -> Row:
    """Many ask and little dies, so that much is decided: each answer has to fit all others."""
    victims = ("nats", *SERVICES)
    report = await killing.run(
        folder / "house",
        kills=len(victims),
        seed=FIRST + len(before),
        between=IN_A_HISTORY,
        victims=victims,
        callers=partial(Load, callers=512, connections=16, apps=APPS, installs=0.01, members=0),
    )
    counted = {"operations": report.commands, "witnessed": report.witnessed, "histories": APPS}
    return {"seed": report.seed} | counted | _told(report)


def _told(report: killing.Report) -> Row:
    line(str(report))
    return {
        "rate": report.rate,
        "unknown": report.unknown,
        "void": report.void,
        "violations": report.violations,
    }


async def _crash(folder: Path, before: list[Row]) -> Row:
    """A service dies at the next of its points, each time when it comes past it another time."""
    done = [_place(row) for row in before if _counts(row)]
    place = next(place for place in PLACES if place not in done)
    with sample_app(story.APP) as app:
        alive = await story.told(folder / "alive", app)
        passes = await crashes.passes(folder, app, alive, place.service)
        numbers = crashes.spread(passes[place.point], DEATHS)
        died = [
            await crashes.crash(folder / f"died-{index}", app, alive, place, number)
            for index, number in enumerate(numbers)
        ]
    deaths = sum(crash.died for crash in died)
    line(f"{place.service} died {deaths} times at {place.point}")
    return {
        "service": place.service,
        "point": place.point,
        "deaths": deaths,
        "passes": numbers,
        "void": deaths < DEATHS,
        "violations": [
            f"at {number}: {told}"
            for number, crash in zip(numbers, died, strict=True)
            for told in crash.differences
        ],
    }


async def _endure(folder: Path, before: list[Row]) -> Row:
    """Two hours at a steady rate."""
    del before
    report = await endurance.run(folder / "house", hours=endurance.HOURS, tell=line)
    line(str(report))
    return {
        "hours": report.hours,
        "commands": report.commands,
        "slopes": report.slopes,
        "void": report.void,
        "violations": report.violations,
    }


PARTS = [
    Part("kills", KILLS, _kill),
    Part("deaths", DEATHS * len(PLACES), _crash),
    Part("witnessed", WITNESSED, _witness),
    Part("hours", endurance.HOURS, _endure),
]


def main() -> int:
    """Go on until there is enough."""
    contract.load()
    LEDGER.touch()
    while True:
        rows: list[Row] = [json.loads(row) for row in LEDGER.read_text().splitlines()]
        done = {part: _sum(part.counted, rows) for part in PARTS}
        line(", ".join(f"{part.counted}: {done[part]:g} of {part.wanted:g}" for part in PARTS))
        part = next((part for part in PARTS if done[part] < part.wanted), None)
        if part is None:
            return int(any(_stands_out(row, rows) for row in rows))
        with tempfile.TemporaryDirectory() as folder:
            row = asyncio.run(part.run(Path(folder), rows))
        _write(row)
        if row["violations"]:
            line("\n".join(row["violations"]))
            return 1


def _sum(counted: str, rows: list[Row]) -> Any:
    return sum(row.get(counted, 0) for row in rows if _counts(row))


def _counts(row: Row) -> bool:
    return not (row["void"] or row["violations"])


def _stands_out(row: Row, rows: list[Row]) -> bool:
    """Whether something didn't hold that never held when it was tried again."""
    again = [other for other in rows if _place(row) is not None and _place(other) == _place(row)]
    return bool(row["violations"]) and not any(map(_counts, again))


def _place(row: Row) -> Place | None:
    return Place(row["service"], row["point"]) if "deaths" in row else None


def _write(row: Row) -> None:
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
