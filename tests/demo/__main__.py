"""`make demo`: real servers on free ports of this machine, in a temporary folder."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services import contract
from services.cli.output import line
from services.supervisor import Supervisor
from shared.client import Client
from tests.clients.sample_app import sample_app
from tests.demo.stage import Held, Stage
from tests.demo.story import PATIENCE, Story


async def demo(data: Path) -> Stage:
    """Play the story on servers whose data is in `data`."""
    environment = {"GUESTLIST_DEVELOPMENT": "true"}
    with sample_app() as app:
        async with (
            Supervisor(data, environment=environment) as house,
            await Client.open(house.url, "demo", timeout=PATIENCE) as client,
        ):
            line(f"NATS and the services listing, token, installation run, data in {data}")
            stage = Stage(client)
            await Story(stage, app.url).play()
    return stage


def show(held: list[Held], seconds: float) -> int:
    """Print the table of what was asked and what held; gives the exit code."""
    table = Table(title="What was asked, and what held", title_justify="left")
    table.add_column("asked")
    table.add_column("held")
    for row in held:
        table.add_row(Text(row.sentence), Text("yes" if row.missing is None else "NO"))
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    missing = [row for row in held if row.missing is not None]
    for row in missing:
        line(f"missing: {row.sentence}: {row.missing}")
    verdict = "everything held" if not missing else f"{len(missing)} of {len(held)} didn't hold"
    line(f"{verdict}, in {seconds:.1f} s")
    return 1 if missing else 0


def main() -> int:
    """Play and show; 0 only when everything was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="keep the data in this folder")
    parser.add_argument("--tokens", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    contract.load()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="guestlist-demo-") as temporary:
        data = arguments.data or Path(temporary)
        stage = asyncio.run(demo(data))
    if arguments.tokens is not None:
        arguments.tokens.write_text("\n".join(stage.tokens))
    return show(stage.held, time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
