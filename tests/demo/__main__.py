"""`make demo`: a play on real servers, on free ports of this machine, in a temporary folder."""

import argparse
import asyncio
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from services import contract
from services.cli.main import run
from services.cli.output import line
from services.supervisor import Supervisor
from shared.client import Client
from shared.tasks import end
from tests.clients import sample_app as sample
from tests.clients.ports import free_port
from tests.clients.sample_app import sample_app
from tests.demo.app import Watched

PLAY = Path(__file__).parents[2] / "docs/plays/private-app.yaml"
PAGES = {"modules": {"adminPages": [{"key": "admin", "url": "/page"}]}}


async def demo(data: Path, within: float) -> int:
    """Play it on servers whose data is in `data`; gives the exit code."""
    environment = {"GUESTLIST_DEVELOPMENT": "true"}
    with sample_app(sample.JWT | PAGES) as app:
        async with (
            Supervisor(data, http_port=free_port(), environment=environment) as house,
            await Client.open(house.url, "guestlist") as client,
        ):
            line(f"NATS, the services listing, token, installation and the gateway run in {data}")
            watched = Watched(app, f"{house.http}/install-keys")
            opening = asyncio.create_task(watched.open_pages(client, app.descriptor["key"]))
            typed = ["play", str(PLAY), "--data", str(data)]
            typed += ["--within", str(within), "--timeout", str(within)]
            code = await asyncio.to_thread(run, [*typed, "--set", f"descriptor_url={app.url}"])
            watched.quiet = True
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    while watched.missing:
                        await asyncio.sleep(0.02)
            await end(opening)
            if watched.missing:
                line(f"missing: {watched.missing}")
            return code or (1 if watched.missing else 0)


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
