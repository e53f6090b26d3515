"""The kill run: processes die by chance while many ask, and then everything has to hold."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from services.contract import SERVICES
from services.supervisor import Supervisor
from shared.client import Client
from tests.faults import checker
from tests.faults.house import FaultyHouse
from tests.faults.load import Load
from tests.flows import acting

VICTIMS = ("nats", "listing", "token", "token-2", "installation", "installation-2")
"""Of some services two instances run, so that each is the other's rival."""

RATE = 100
"""Commands in a second below which a run is void."""


@dataclass
class Report:
    """What a run did, and what didn't hold."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    in_flight: list[int] = field(default_factory=list)
    """At each kill: commands that waited for an answer."""
    commands: int = 0
    witnessed: int = 0
    """How many of the answers were looked at in the order of what was decided."""
    seconds: float = 0.0
    unknown: int = 0
    """Outcomes that nobody knew until they were asked for again."""
    failed: int = 0
    """Answers `failed`: sent again until there was another."""
    settled: float = 0.0
    """Seconds from the last answer until nothing was left to do."""
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Commands in a second."""
        return self.commands / self.seconds

    @property
    def void(self) -> bool:
        """Whether too little happened for it to show anything."""
        return self.rate < RATE or self.unknown < sum(self.kills.values()) / 4

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.commands} commands in {self.seconds:.0f} s "
            f"({self.rate:.0f}/s), {sum(self.kills.values())} kills {dict(self.kills)}, "
            f"in flight {min(self.in_flight, default=0)} to {max(self.in_flight, default=0)}, "
            f"{self.unknown} unknown and {self.failed} failed outcomes resolved, "
            f"{dict(self.outcomes)}, settled in {self.settled:.1f} s, "
            f"{len(self.violations)} violations"
        )


async def run(
    folder: Path,
    *,
    kills: int,
    seed: int,
    between: int = 0,
    victims: Sequence[str] = VICTIMS,
    how: str = "",
    settings: Mapping[str, str] | None = None,
    callers: Callable[[Supervisor, int], Load] = Load,
) -> Report:
    """Kill so often, then wait until everything has settled, and check all of it.

    From one kill to the next at least `between` commands are answered, on any machine.
    """
    report, random = Report(seed), Random(seed)
    twice = [name.removesuffix("-2") for name in victims if name.endswith("-2")]
    house = FaultyHouse(folder, twice=twice, settings=settings)
    async with house, await Client.open(house.url, "loader", timeout=2) as client:
        load = callers(house, seed)
        await load.begin(client)
        for service in SERVICES if how else ():
            await house.sabotage(service, how)
        begun, before = time.monotonic(), len(load.history.operations)
        killing = asyncio.create_task(_kill(house, load, report, random, kills, between, victims))
        running = asyncio.create_task(load.run())
        await killing
        load.end()
        try:
            await asyncio.wait_for(running, 20)
        except TimeoutError:
            report.violations.append("a command got no answer in 20 s")
        report.seconds = time.monotonic() - begun
        report.commands = len(load.history.operations) - before
        await house.until_up()
        last = time.monotonic()
        try:
            await acting.quiet(house, seconds=20)
        except TimeoutError:
            report.violations.append("something was still to be done after 20 s")
        report.violations += house.ended
        report.settled = time.monotonic() - last
        for row in load.history.operations:
            report.unknown += row.unknown
            report.failed += row.failed
            report.outcomes[getattr(row.reply, "code", "accepted")] += 1
        report.witnessed = load.history.on_tokens
        report.violations += await checker.violations(folder, client, load.history)
    return report


async def _kill(
    house: Supervisor,
    load: Load,
    report: Report,
    random: Random,
    kills: int,
    between: int,
    victims: Sequence[str],
) -> None:
    for number in range(kills):
        answered = load.history.answered
        await asyncio.sleep(random.uniform(0.5, 1.3))
        while load.history.answered < answered + between:
            await asyncio.sleep(0.01)
        name = victims[number % len(victims)] if number < len(victims) else random.choice(victims)
        while not load.history.open:
            await asyncio.sleep(0)
        report.in_flight.append(load.history.open)
        pid = house.pid(name)
        with suppress(ProcessLookupError):  # it ended by itself, which is told
            os.kill(pid, signal.SIGKILL)
        report.kills[name] += 1
        while house.pid(name) == pid:
            await asyncio.sleep(0.02)
    await asyncio.sleep(1)
