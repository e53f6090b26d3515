"""What a durable command costs: put into the queue, and decided, beside a bare queue."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterator

import nats
import nats.errors
from nats.aio.client import Client
from nats.js import api

from shared.tasks import end
from tests.bench.places import house
from tests.bench.rows import Row

COUNT, WINDOW = 4_000, 256
"""Messages, and how many of them are published before one is acknowledged."""


def rows() -> Iterator[Row]:
    """The rate from the first publication until nothing is left in the queue."""
    ours, floor = asyncio.run(_measured())
    operation = "durable commands put, decided and stored, 1/s"
    yield Row(operation, ours, floor, "bare JetStream publish + pull", 0.6 * floor, "higher")


async def _measured() -> tuple[float, float]:
    async with house(["listing"]) as place:
        connection = await nats.connect(place.url)
        ours = await _rate(connection, "COMMANDS", "que.listing.RegisterPartner.{}.ann")
        await connection.close()
    async with house(services=()) as empty:
        connection = await nats.connect(empty.url)
        queue = api.RetentionPolicy.WORK_QUEUE
        await connection.jetstream().add_stream(name="Q", subjects=["q.*"], retention=queue)
        pulling = asyncio.create_task(_pull(connection))
        floor = await _rate(connection, "Q", "q.{}")
        await end(pulling)
        await connection.close()
    return ours, floor


async def _rate(connection: Client, name: str, subject: str) -> float:
    stream, free = connection.jetstream(), asyncio.Semaphore(WINDOW)
    names = [uuid.uuid4().hex for _ in range(COUNT)]

    async def put(partner_id: str) -> None:
        body = json.dumps({"partner_id": partner_id, "organisation": "Example"}).encode()
        async with free:
            await stream.publish(subject.format(partner_id), body, headers={"ce-id": partner_id})

    begun = time.perf_counter()
    await asyncio.gather(*map(put, names))
    while (await stream.stream_info(name)).state.messages:
        await asyncio.sleep(0.01)
    return COUNT / (time.perf_counter() - begun)


async def _pull(connection: Client) -> None:
    consumer = await connection.jetstream().pull_subscribe("q.*", "bare", stream="Q")
    while True:
        try:
            for message in await consumer.fetch(WINDOW, timeout=0.05):
                await message.ack()
        except nats.errors.TimeoutError:
            continue
