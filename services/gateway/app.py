"""The gateway, wired."""

import asyncio
import logging
from importlib.metadata import version

import uvicorn
from fastapi import FastAPI
from prometheus_client import disable_created_metrics

from services import contract
from services.accounts import Accounts
from services.gateway import (
    apps,
    connect,
    health,
    links,
    metrics,
    openapi,
    pages,
    partners,
    problems,
    properties,
)
from services.gateway.counting import Counting
from services.gateway.door import Door
from services.gateway.upm import installs, licences, plugins
from shared.client import Client, NoReply
from shared.logs import log_to_stderr
from shared.names import SERVICE_ACCOUNT
from shared.settings import Settings
from shared.tasks import until_first

NAME = "gateway"
_PARTS = (
    apps,
    connect,
    properties,
    links,
    pages,
    plugins,
    installs,
    licences,
    partners,
    health,
    metrics,
)
logger = logging.getLogger(__name__)

_LARGEST = 128 * 1024
"""Bytes of a request; the largest that is asked for is the value of an app's property."""
_AGAIN = 0.2
"""Seconds until NATS is tried again at the start."""
_PATIENCE = 5.0
"""Seconds that a service has to answer, and requests have to end when the gateway stops."""


def main() -> None:
    """Run the gateway until it is told to stop."""
    log_to_stderr(NAME)
    contract.load("commands")
    disable_created_metrics()  # type: ignore[no-untyped-call]  # that is when this process began
    asyncio.run(_run(Settings()))


def made() -> FastAPI:
    """What is served; `app.state` has the client by which it asks, and whom and what it knows."""
    app = FastAPI(
        title="Guestlist",
        version=version("guestlist"),
        redirect_slashes=False,
        max_body_size=_LARGEST,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
    )
    for part in _PARTS:
        app.include_router(part.router)
    problems.told(app)
    openapi.describe(app)
    return app


async def _run(settings: Settings) -> None:
    app = made()
    app.state.door = Door(Accounts(settings.data))
    app.state.operators = settings.operators
    async with await _connected(settings.nats) as client:
        app.state.client = client
        app.state.counting = counting = Counting(client)
        config = uvicorn.Config(
            app,
            host=settings.http_host,
            port=settings.http_port,
            log_config=None,
            access_log=False,  # a link may have a token
            server_header=False,
            timeout_graceful_shutdown=round(_PATIENCE),
        )
        await until_first(uvicorn.Server(config).serve(), counting.run(), _end_with(client))


async def _end_with(client: Client) -> None:
    """Raise once NATS is lost for good: whoever started the gateway starts it again."""
    await client.until_closed()
    raise ConnectionError("the connection to NATS was closed")


async def _connected(url: str) -> Client:
    while True:
        try:
            return await Client.open(url, SERVICE_ACCOUNT, timeout=_PATIENCE)
        except NoReply as error:
            logger.warning("%s", error)
            await asyncio.sleep(_AGAIN)


if __name__ == "__main__":
    main()
