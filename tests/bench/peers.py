"""What ours is measured beside: `python -m tests.bench.peers KIND URL` says when it is ready.

- `faststream`: a FastStream subscriber with its defaults, which stores nothing;
- `bare`: a subscription of the NATS client, which answers the same bytes;
- `naive`: a FastStream subscriber that saves an aggregate of the library for each command;
- `storing`: the first one, which also reads and stores the rows of a command, on SQLite itself.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid5

import nats
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from faststream import FastStream
from faststream.nats import NatsBroker
from nats.aio.msg import Msg

from services import contract
from services.documents.examples import success
from services.listing.commands import RegisterPartner
from services.token.commands import CreateToken, RemoveToken
from shared.messages import Accepted
from tests.bench.plain import PlainStore

_SPACE = UUID(int=0)


class Registered(Aggregate):
    """A partner, as small as the library lets it be."""

    def __init__(self, partner_id: str, organisation: str) -> None:
        self.partner_id = partner_id
        self.organisation = organisation


class Tokens(Aggregate):
    """The tokens of an app, without a rule."""

    def __init__(self, app_key: str) -> None:
        self.app_key = app_key
        self.active: set[int] = set()
        self.given = 0

    @staticmethod
    def create_id(app_key: str) -> UUID:
        """One for each app."""
        return uuid5(_SPACE, app_key)

    @event("TokenCreated")
    def create(self, number: int) -> None:
        """Make one."""
        self.given = number
        self.active.add(number)

    @event("TokenRemoved")
    def remove(self, number: int) -> None:
        """Remove one."""
        self.active.discard(number)


def _reply(kind: type[RegisterPartner | CreateToken]) -> Accepted:
    return Accepted.model_validate_json(json.dumps(success(kind)))


async def faststream(url: str) -> None:
    """Validates the command and gives a reply."""
    broker, reply = NatsBroker(url, logger=None), _reply(RegisterPartner)

    @broker.subscriber("cmd.listing.>", queue="listing")
    async def answer(command: RegisterPartner) -> Accepted:
        del command
        return reply

    await _serve(broker)


async def bare(url: str) -> None:
    """Gives a reply."""
    client, reply = await nats.connect(url), _reply(RegisterPartner).model_dump_json().encode()

    async def answer(message: Msg) -> None:
        await message.respond(reply)

    await client.subscribe("cmd.listing.>", "listing", answer)
    await client.flush()
    _ready()
    await asyncio.Event().wait()


async def naive(url: str) -> None:
    """Validates the command, saves and gives a reply."""
    broker = NatsBroker(url, logger=None)
    with tempfile.TemporaryDirectory() as folder:
        settings = {"PERSISTENCE_MODULE": "eventsourcing.sqlite"}
        path = str(Path(folder) / "naive.sqlite")
        library: Application[UUID] = Application(settings | {"SQLITE_DBNAME": path})

        @broker.subscriber("cmd.listing.>", queue="listing")
        async def register(command: RegisterPartner) -> Accepted:
            library.save(Registered(command.partner_id, command.organisation))
            return _reply(RegisterPartner)

        @broker.subscriber("cmd.token.CreateToken.*.*", queue="token")
        async def create(command: CreateToken) -> Accepted:
            tokens = _tokens(library, command.app_key)
            tokens.create(tokens.given + 1)
            library.save(tokens)
            return _reply(CreateToken).model_copy(update={"result": {"token_id": tokens.given}})

        @broker.subscriber("cmd.token.RemoveToken.*.*", queue="token")
        async def remove(command: RemoveToken) -> Accepted:
            tokens = _tokens(library, command.app_key)
            tokens.remove(command.token_id)
            library.save(tokens)
            return _reply(CreateToken)

        await _serve(broker)


async def storing(url: str) -> None:
    """Validates the command, reads and stores rows, and gives a reply."""
    broker, reply = NatsBroker(url, logger=None), _reply(RegisterPartner)
    with tempfile.TemporaryDirectory() as folder:
        store = PlainStore(Path(folder))

        @broker.subscriber("cmd.listing.>", queue="listing")
        async def answer(command: RegisterPartner) -> Accepted:
            del command
            store.commit()
            return reply

        await _serve(broker)


def _tokens(library: Application[UUID], app_key: str) -> Tokens:
    try:
        tokens: Tokens = library.repository.get(Tokens.create_id(app_key))
    except AggregateNotFoundError:
        tokens = Tokens(app_key)
    return tokens


async def _serve(broker: NatsBroker) -> None:
    app = FastStream(broker, logger=None)
    app.after_startup(_ready)
    await app.run()


def _ready() -> None:
    print("ready", flush=True)  # noqa: T201  # its parent waits for it


KINDS: dict[str, Callable[[str], Awaitable[None]]] = {
    "faststream": faststream,
    "bare": bare,
    "naive": naive,
    "storing": storing,
}


async def main(kind: str, url: str) -> None:
    """Answer until it is killed."""
    contract.load()
    await KINDS[kind](url)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
