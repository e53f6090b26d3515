"""The installation service, wired."""

import asyncio

from services import contract
from services.installation.connect import Connect
from services.installation.domain import Site, Telling
from services.installation.handlers import Handlers
from services.installation.known_sites import KnownSites
from services.installation.needs import Needs
from services.installation.policies import Policies
from services.installation.process import InstallProcess, RollOut
from services.installation.views import Views
from shared.broker import Bus
from shared.follower import Follower
from shared.handlers import routes
from shared.inbox import Inbox, policies_of
from shared.install_keys import InstallKeys
from shared.keys import Keys
from shared.logs import log_to_stderr
from shared.pipeline import Pipeline
from shared.process import Process
from shared.service import Service
from shared.settings import Settings
from shared.sqlite import open_sqlite
from shared.store import Store

NAME = "installation"
INSTALLS, ROLL_OUT = "installation_process", "installation_rollout"
"""The durable names of the processes; they never change."""


def main() -> None:
    """Run the service until it is told to stop."""
    log_to_stderr(NAME)
    contract.load("commands")
    settings = Settings()
    keys = Keys.read(settings.keys)
    bus = Bus(settings.nats, NAME, settings.reply_prefixes)
    handlers = Handlers.of(settings, keys)
    store = Store(NAME, open_sqlite(settings.store(NAME)))
    install_keys = InstallKeys.open(settings.signing)
    table = routes(handlers) | routes(Views(keys, install_keys))
    pipeline = Pipeline(store, table, prepare=Needs(bus.ask).prepare)
    policies = policies_of(Policies())

    async def under_way(site_id: str, app_key: str, attempt: int) -> bool:
        return await pipeline.on_thread(
            lambda: store.load(Site, site_id).on_site(app_key).is_under_way(attempt)
        )

    async def tellings_of(site_id: str) -> list[Telling]:
        return await pipeline.on_thread(lambda: store.load(Site, site_id).tellings())

    sites = KnownSites(pipeline)
    connect = Connect(keys, install_keys, settings)
    install = InstallProcess(keys, bus.ask, pipeline.answer, under_way, tellings_of, connect.tell)
    followers: list[Follower] = [
        Inbox("listing", policies, pipeline),
        Inbox("token", policies, pipeline),
        Process(INSTALLS, NAME, install, pipeline),
        Process(ROLL_OUT, "listing", RollOut(sites.of, pipeline.answer), pipeline),
    ]
    asyncio.run(Service(bus, pipeline, followers, settings).run())


if __name__ == "__main__":
    main()
