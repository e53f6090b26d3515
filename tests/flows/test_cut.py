"""What a connection lost when it was cut is decided before what came later."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import nats

from services.token.commands import CreateToken
from shared.broker import provision
from shared.client import Client
from shared.durable import Durable
from shared.messages import Accepted, Answer, Reply
from shared.pipeline import Pipeline
from shared.requests import Asked
from shared.sqlite import open_sqlite
from shared.store import Store
from shared.subjects import COMMANDS
from shared.tasks import end
from tests.flows.acting import ANN
from tests.flows.conftest import bare_nats
from tests.flows.queueing import notes, put_tokens

APP = "com.example.cut"


class Wire:
    """A way to a server that can lose what the server says, and be cut."""

    def __init__(self, url: str) -> None:
        self._port = int(url.rpartition(":")[2])
        self._writers: list[StreamWriter] = []
        self.loses = False

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[str]:
        """Gives the address of the near end."""
        async with await asyncio.start_server(self._pass, "127.0.0.1", 0) as listening:
            yield "nats://{}:{}".format(*listening.sockets[0].getsockname())
            self.cut()

    def cut(self) -> None:
        """Close what is open."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _pass(self, reader: StreamReader, writer: StreamWriter) -> None:
        there, far = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, far]
        with suppress(ConnectionError):
            await asyncio.gather(self._copy(reader, far), self._copy(there, writer, back=True))

    async def _copy(
        self, reader: StreamReader, writer: StreamWriter, *, back: bool = False
    ) -> None:
        while data := await reader.read(65536):
            if not (back and self.loses):
                writer.write(data)
        writer.close()


class Deciding(Pipeline):
    """Accepts every command, and remembers in which order."""

    decided: list[str]

    async def answer(self, asked: Asked) -> Reply | Answer:
        """Accept it."""
        assert isinstance(asked.request, CreateToken)
        self.decided.append(asked.request.note or "")
        return Accepted(command_id=asked.envelope.id, events=(), position=f"token/tokens/{APP}@1")


async def test_what_a_cut_connection_had_been_given_goes_before_what_came_later(
    tmp_path: Path,
) -> None:
    pipeline = Deciding(Store("token", open_sqlite(tmp_path / "token.sqlite")), {})
    pipeline.decided = []
    queue = Durable(pipeline, {"CreateToken": CreateToken}, lambda _: False, lambda *_: None)
    async with bare_nats(tmp_path) as url, await Client.open(url, ANN) as client:
        wire = Wire(url)
        direct = await nats.connect(url)
        await provision(direct.jetstream(), [(COMMANDS, queue.consumer, queue.subjects)])
        async with wire.laid() as near:
            cut = await nats.connect(near, max_reconnect_attempts=-1, reconnect_time_wait=0.2)
            running = asyncio.create_task(queue.run(cut))
            await put_tokens(client, APP, notes(1, 5))
            await until(pipeline, 5)
            wire.loses = True
            await put_tokens(client, APP, notes(6, 10))
            await asyncio.sleep(0.5)
            wire.loses = False
            wire.cut()
            await put_tokens(client, APP, notes(11, 15))
            await until(pipeline, 15)
            await end(running)
            await cut.close()
        await direct.close()
    pipeline.close()
    assert pipeline.decided == notes(1, 15)


async def until(pipeline: Deciding, count: int) -> None:
    """Wait until so many are decided."""
    async with asyncio.timeout(20):
        while len(pipeline.decided) < count:
            await asyncio.sleep(0.02)
