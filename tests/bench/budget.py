"""`python -m tests.bench.budget`: the processor time of a command, by process, ours and echoes'.

Shows what is left for a service when a goal is reached: the callers, NATS and it share the
processors.
"""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path

from services import contract
from services.cli.output import Row, line, table
from tests.bench.load import load, register
from tests.bench.places import house, peer

HEAD = ("at so many callers", "1/s", "service, µs", "NATS, µs", "callers, µs", "all, µs")
CALLERS = (16, 64, 256)
TURNS = 3
_TICKS = os.sysconf("SC_CLK_TCK")


async def main() -> None:
    """Measure ours, the FastStream echo and the bare one in turns, on one server after another."""
    contract.load()
    line(f"{os.cpu_count()} processors")
    for _ in range(TURNS):
        rows: list[Row] = []
        async with house(["listing"]) as ours:
            pids = {"nats": ours.pid("nats"), "service": ours.pid("listing")}
            rows += [await _cost("ours", ours.url, pids, callers) for callers in CALLERS]
        for kind in ("faststream", "bare"):
            async with peer(kind) as echo:
                rows += [await _cost(kind, *echo, callers) for callers in CALLERS]
        table([HEAD, *rows])


async def _cost(name: str, url: str, pids: Mapping[str, int], callers: int) -> Row:
    """One row: the processor time between the first command and the last reply, by commands."""
    await load(url, callers, register)
    before = _used(pids)
    found = await load(url, callers, register)
    after = _used(pids)
    each = {who: (after[who] - before[who]) / found.calls * 1e6 for who in after}
    figures = (each["service"], each["nats"], each["callers"], sum(each.values()))
    return f"{name}, {callers}", f"{found.rate:.0f}", *(f"{figure:.0f}" for figure in figures)


def _used(pids: Mapping[str, int]) -> dict[str, float]:
    """Seconds of processor time until now; the callers are in this process."""
    used = {"callers": time.process_time()}
    for name, pid in pids.items():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        used[name] = (int(fields[11]) + int(fields[12])) / _TICKS
    return used


if __name__ == "__main__":
    asyncio.run(main())
