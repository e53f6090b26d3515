"""What somebody else had been given comes in the order of the stream too, where that is wanted."""

import asyncio
from contextlib import aclosing
from itertools import count

import pytest
from nats.aio.client import Client as Connection
from nats.js import api

from shared.consumer import messages

STREAM, CONSUMER, WAIT = "ORDER", "asks", 0.5
NUMBERS = count(1)


@pytest.mark.parametrize("gather", [0.25, 0.0])
async def test_what_was_given_back_in_another_order_is_sorted_where_that_is_wanted(
    wire: Connection, gather: float
) -> None:
    stream = wire.jetstream()
    name = f"{STREAM}{next(NUMBERS)}"
    await stream.add_stream(name=name, subjects=[f"{name}.>"])
    config = api.ConsumerConfig(durable_name=CONSUMER, ack_wait=WAIT)
    asking = await stream.pull_subscribe(f"{name}.>", CONSUMER, name, config=config)
    try:
        for number in range(1, 6):
            await stream.publish(f"{name}.x", str(number).encode())
        given = await asking.fetch(3)
        await given[2].nak()
        await wire.flush()
        await asyncio.sleep(WAIT * 3)
        brought = []
        async with aclosing(messages(wire, name, CONSUMER, gather=gather)) as delivered:
            async for message in delivered:
                await message.ack()
                brought.append(message.data.decode())
                if len(brought) == 5:
                    break
        assert brought == (["1", "2", "3", "4", "5"] if gather else ["3", "1", "2", "4", "5"])
    finally:
        await stream.delete_stream(name)
