"""The floor of a command: FastStream answers the same bytes each time, and stores nothing.

`python -m tests.bench.echo URL` says when it is ready.
"""

import asyncio
import json
import sys

from faststream import FastStream
from faststream.nats import NatsBroker

from services import contract
from services.documents.examples import success
from services.listing.commands import RegisterPartner


async def main(url: str) -> None:
    """Answer until it is killed."""
    contract.load()
    reply = json.dumps(success(RegisterPartner)).encode()
    broker = NatsBroker(url, apply_types=False, logger=None)

    @broker.subscriber("cmd.listing.>", queue="listing")
    async def answer(_: object) -> bytes:
        return reply

    app = FastStream(broker, logger=None)
    app.after_startup(lambda: print("ready", flush=True))  # noqa: T201  # its parent waits for it
    await app.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
