"""The listing service, wired."""

import asyncio

from services import contract
from services.listing.handlers import Handlers
from services.listing.needs import Needs
from services.listing.views import Views
from shared.broker import Bus
from shared.fetch import Fetcher
from shared.handlers import routes
from shared.logs import log_to_stderr
from shared.pipeline import Pipeline
from shared.service import Service
from shared.settings import Settings
from shared.sqlite import open_sqlite
from shared.store import Store

NAME = "listing"


def main() -> None:
    """Run the service until it is told to stop."""
    log_to_stderr(NAME)
    contract.load("commands")
    settings = Settings()
    fetcher = Fetcher(development=settings.development)
    needs = Needs(fetcher, development=settings.development)
    views = Views(settings.public_url, settings.operators)
    store = Store(NAME, open_sqlite(settings.store(NAME)))
    pipeline = Pipeline(store, routes(Handlers.of(settings)) | routes(views), prepare=needs.prepare)
    asyncio.run(
        Service(Bus(settings.nats, NAME, settings.reply_prefixes), pipeline, [], settings).run()
    )


if __name__ == "__main__":
    main()
