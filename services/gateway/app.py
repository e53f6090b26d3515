"""The gateway, wired."""

import asyncio
import logging
from importlib.metadata import version

import uvicorn
from fastapi import FastAPI

from services import contract
from services.accounts import Accounts
from services.gateway import apps, connect, health, links, openapi, pages, problems, properties
from services.gateway.upm import installs, licences, plugins
from shared.client import Client, NoReply
from shared.logs import log_to_stderr
from shared.names import SERVICE_ACCOUNT
from shared.settings import Settings

NAME = "gateway"
logger = logging.getLogger(__name__)

_LARGEST = 128 * 1024
"""Bytes of a request; the largest that is asked for, an app's property, has 32,768 characters."""
_AGAIN = 0.2
"""Seconds until NATS is tried again at the start."""
_PATIENCE = 5.0
"""Seconds that a service has to answer, and requests have to end when the gateway stops."""


def main() -> None:
    """Run the gateway until it is told to stop."""
    log_to_stderr(NAME)
    contract.load("commands")
    asyncio.run(_run(Settings()))


def made() -> FastAPI:
    """What is served; it asks by the client, for the accounts, that `app.state` has."""
    app = FastAPI(
        title="Guestlist",
        version=version("guestlist"),
        redirect_slashes=False,
        max_body_size=_LARGEST,
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
    )
    for part in (apps, connect, properties, links, pages, plugins, installs, licences, health):
        app.include_router(part.router)
    problems.told(app)
    openapi.describe(app)
    return app


async def _run(settings: Settings) -> None:
    app = made()
    app.state.accounts = Accounts(settings.data)
    async with await _connected(settings.nats) as client:
        app.state.client = client
        config = uvicorn.Config(
            app,
            host=settings.http_host,
            port=settings.http_port,
            log_config=None,
            access_log=False,  # a link may have a token
            server_header=False,
            timeout_graceful_shutdown=round(_PATIENCE),
        )
        await uvicorn.Server(config).serve()


async def _connected(url: str) -> Client:
    while True:
        try:
            return await Client.open(url, SERVICE_ACCOUNT, timeout=_PATIENCE)
        except NoReply as error:
            logger.warning("%s", error)
            await asyncio.sleep(_AGAIN)


if __name__ == "__main__":
    main()
