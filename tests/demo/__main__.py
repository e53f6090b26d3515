"""`make demo`: a play on real servers, on free ports of this machine, in a temporary folder."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from services import contract
from services.cli.main import run
from services.cli.output import line
from services.supervisor import Supervisor
from tests.clients.ports import free_port
from tests.clients.sample_app import sample_app

PLAY = Path(__file__).parents[2] / "docs/plays/private-app.yaml"


async def demo(data: Path, within: float) -> int:
    """Play it on servers whose data is in `data`; gives the exit code."""
    with sample_app() as app:
        environment = {"GUESTLIST_DEVELOPMENT": "true"}
        async with Supervisor(data, http_port=free_port(), environment=environment):
            line(f"NATS and the services listing, token, installation run, data in {data}")
            typed = ["play", str(PLAY), "--data", str(data)]
            typed += ["--within", str(within), "--timeout", str(within)]
            return await asyncio.to_thread(run, [*typed, "--set", f"descriptor_url={app.url}"])


def main() -> int:
    """Play and show; 0 only when everything was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="keep the data in this folder")
    parser.add_argument("--within", type=float, default=2.0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    contract.load()
    with tempfile.TemporaryDirectory(prefix="guestlist-demo-") as temporary:
        return asyncio.run(demo(arguments.data or Path(temporary), arguments.within))


if __name__ == "__main__":
    sys.exit(main())
