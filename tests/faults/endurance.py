"""A long run at a steady rate, in which memory must not grow."""

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import nats

from services.contract import SERVICES
from shared.client import Client
from tests.bench.load import register
from tests.faults.house import FaultyHouse
from tests.faults.load import Load
from tests.flows import acting

HOURS = 2.0
RATE, NEW = 100.0, 10.0
"""Commands in a second, and those of them that make an aggregate of their own."""
SLOPE = 1.0
"""MiB by which a service may grow in an hour."""
WARM = 0.25
"""The part of the time until memory is looked at: copies and caches are full by then."""
_EVERY = 10.0
"""Seconds from one look to the next."""
_TOLD = 30
"""Looks from one told line to the next."""
_REMEMBERED = 500
"""Operations that the callers keep, so that they can ask again."""


class Look(NamedTuple):
    """What a process had at some time."""

    hours: float
    mebibytes: float


@dataclass
class Report:
    """What came of it."""

    hours: float
    commands: int = 0
    looks: dict[str, list[Look]] = field(default_factory=lambda: defaultdict(list))
    violations: list[str] = field(default_factory=list)

    @property
    def slopes(self) -> dict[str, float]:
        """MiB in an hour by least squares, of each service since it was warm."""
        return {name: _slope(looks) for name, looks in self.looks.items()}

    @property
    def void(self) -> bool:
        """Whether too little was asked for this to show anything."""
        return self.commands < 0.95 * RATE * self.hours * 3600

    def __str__(self) -> str:
        memory = [
            f"{name} {self.looks[name][-1].mebibytes:.1f} MiB, {slope:+.2f} in an hour"
            for name, slope in self.slopes.items()
        ]
        hours = self.looks[SERVICES[0]][-1].hours
        return f"{hours:.2f} h, {self.commands} commands: {', '.join(memory)}"


async def run(folder: Path, *, hours: float, tell: Callable[[str], None]) -> Report:
    """Ask for so long, then wait until everything has settled; tells how it goes meanwhile."""
    report, house = Report(hours), FaultyHouse(folder)
    async with house, await Client.open(house.url, "loader", timeout=2) as client:
        load = Load(house, seed=1, rate=RATE - NEW)
        await load.begin(client)
        asking = asyncio.create_task(load.run())
        registering = asyncio.create_task(_register(house.url, report))
        await _look(house, load, report, tell)
        load.end()
        registering.cancel()
        await asking
        with suppress(asyncio.CancelledError):
            await registering
        report.commands += len(load.history.operations)
        try:
            await acting.quiet(house, seconds=20)
        except TimeoutError:
            report.violations.append("something was still to be done after 20 s")
        report.violations += house.ended + load.history.different
    for name, slope in report.slopes.items():
        if slope >= SLOPE:
            report.violations.append(f"{name} grows by {slope:.2f} MiB in an hour")
    return report


async def _look(
    house: FaultyHouse, load: Load, report: Report, tell: Callable[[str], None]
) -> None:
    """Look at the memory of each service now and then, until the time is over."""
    begun = time.monotonic()
    while (passed := (time.monotonic() - begun) / 3600) < report.hours:
        for service in SERVICES:
            report.looks[service].append(Look(passed, _own(house.pid(service))))
        if len(report.looks[SERVICES[0]]) % _TOLD == 0:
            tell(str(report))
        await asyncio.sleep(_EVERY)
        done = load.history.operations[:-_REMEMBERED]
        report.commands += len(done)
        del load.history.operations[: len(done)]


def _slope(looks: list[Look]) -> float:
    warm = [look for look in looks if look.hours >= WARM * looks[-1].hours]
    return statistics.linear_regression(*zip(*warm, strict=True)).slope


def _own(pid: int) -> float:
    """MiB that a process has for itself, also where they were swapped out."""
    rows = [row.split() for row in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return sum(int(row[1]) for row in rows if row[0] in ("RssAnon:", "VmSwap:")) / 1024


async def _register(url: str, report: Report) -> None:
    connection = await nats.connect(url)
    try:
        while True:
            await asyncio.gather(register(connection), asyncio.sleep(1 / NEW))
            report.commands += 1
    finally:
        await connection.close()
