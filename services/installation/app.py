"""The installation service, wired."""

import asyncio

from services.installation.handlers import Apply, Handlers
from services.installation.policies import Policies
from services.installation.process import InstallProcess
from services.installation.views import Views
from shared import clock
from shared.broker import Bus
from shared.errors import Refusal, Unavailable
from shared.handlers import Prepared, routes
from shared.inbox import Inbox, policies_of
from shared.keys import Keys
from shared.logs import log_to_stderr
from shared.messages import Envelope, Failed, Refused
from shared.pipeline import Pipeline
from shared.process import Process
from shared.requests import follow_up
from shared.service import Reader, Service
from shared.settings import Settings
from shared.sqlite import open_sqlite
from shared.store import Store

NAME = "installation"
PROCESS = "installation_process"
"""The durable name of the install process; never changes."""


def main() -> None:
    """Run the service until it is told to stop."""
    log_to_stderr(NAME)
    settings = Settings()
    keys = Keys.read(settings.keys)
    bus = Bus(settings.nats, NAME)

    async def prepare(need: Apply, envelope: Envelope) -> Prepared:
        apply = follow_up(
            "apply",
            cause=envelope.id,
            correlation_id=envelope.correlation_id,
            time=clock.now(),
        )
        match await bus.ask(need.command, apply):
            case Refused() as refused:
                return Refusal.passed_on(refused)
            case Failed():
                raise Unavailable
            case accepted:
                return accepted

    handlers = Handlers(keys, settings.public_url, settings.operators)
    store = Store(NAME, open_sqlite(settings.store(NAME)))
    pipeline = Pipeline(store, routes(handlers) | routes(Views()), prepare=prepare)
    policies = policies_of(Policies())
    install = InstallProcess(keys, bus.ask, pipeline.answer)
    readers: list[Reader] = [
        Inbox("listing", policies, pipeline),
        Inbox("token", policies, pipeline),
        Process(PROCESS, NAME, install.step),
    ]
    asyncio.run(Service(bus, pipeline, readers, settings).run())


if __name__ == "__main__":
    main()
