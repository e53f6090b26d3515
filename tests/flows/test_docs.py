"""What the docs show of Python runs as it stands."""

import asyncio
import os
import re
import sys
from pathlib import Path

from services.supervisor import Supervisor
from shared.client import Client
from tests.flows import acting

ROOT = Path(__file__).parents[2]
(EXAMPLE,) = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "docs/client.md").read_text(), re.MULTILINE | re.DOTALL
)


async def run(house: Supervisor) -> list[str]:
    """The lines that the example prints."""
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        EXAMPLE,
        env=os.environ | {"GUESTLIST_NATS": house.url},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await program.communicate()
    assert program.returncode == 0
    return printed.decode().splitlines()


def test_the_example_is_short() -> None:
    assert len([line for line in EXAMPLE.splitlines() if line]) <= 15


async def test_the_example_of_the_client_runs(house: Supervisor, client: Client) -> None:
    refused, *events = await run(house)
    assert refused == "no: unknown-app"
    assert events == []
    await acting.list_app(client, "com.example.app")
    await acting.make_token(client, "com.example.app")
    made, *events = await run(house)
    assert made == "made token 2"
    assert events[0] == "listing/partner/example@1 listing.PartnerRegistered by ann"
    assert "token/tokens/com.example.app@3 token.TokenCreated by ann" in events
