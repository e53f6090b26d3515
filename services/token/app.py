"""The token service, wired."""

import asyncio

from services import contract
from services.token.handlers import Handlers
from services.token.policies import Policies
from services.token.views import Views
from shared.broker import Bus
from shared.handlers import routes
from shared.inbox import Inbox, policies_of
from shared.keys import Keys
from shared.logs import log_to_stderr
from shared.pipeline import Pipeline
from shared.service import Service
from shared.settings import Settings
from shared.sqlite import open_sqlite
from shared.store import Store

NAME = "token"


def main() -> None:
    """Run the service until it is told to stop."""
    log_to_stderr(NAME)
    contract.load("commands")
    settings = Settings()
    keys = Keys.read(settings.keys)
    handlers = Handlers.of(settings, keys)
    views = Views(keys, settings.public_url)
    store = Store(NAME, open_sqlite(settings.store(NAME)))
    pipeline = Pipeline(store, routes(handlers) | routes(views), reveal=keys.unmask)
    policies = policies_of(Policies())
    followers = [Inbox(origin, policies, pipeline) for origin in ("listing", "installation")]
    asyncio.run(
        Service(
            Bus(settings.nats, NAME, settings.reply_prefixes), pipeline, followers, settings
        ).run()
    )


if __name__ == "__main__":
    main()
