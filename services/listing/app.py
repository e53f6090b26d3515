"""The listing service, wired."""

import asyncio

from services.listing.handlers import FetchDescriptor, Handlers
from services.listing.views import Views
from shared.broker import Bus
from shared.descriptor import Descriptor
from shared.errors import Refusal
from shared.fetch import Fetcher
from shared.handlers import Prepared, routes
from shared.logs import log_to_stderr
from shared.messages import Envelope
from shared.pipeline import Pipeline
from shared.service import Service
from shared.settings import Settings
from shared.sqlite import open_sqlite
from shared.store import Store

NAME = "listing"


def main() -> None:
    """Run the service until it is told to stop."""
    log_to_stderr(NAME)
    settings = Settings()
    fetcher = Fetcher(development=settings.development)

    async def prepare(need: FetchDescriptor, _: Envelope) -> Prepared:
        try:
            body = await fetcher.fetch(need.url)
            return Descriptor.read(body, development=settings.development)
        except Refusal as refusal:
            return refusal

    store = Store(NAME, open_sqlite(settings.store(NAME)))
    pipeline = Pipeline(store, routes(Handlers()) | routes(Views()), prepare=prepare)
    asyncio.run(Service(Bus(settings.nats, NAME), pipeline, [], settings).run())


if __name__ == "__main__":
    main()
