"""A client that can't connect says so, and leaves nothing open."""

import gc
import socket

import pytest

from shared.client import Client, NoReply


async def test_a_server_that_says_nothing_is_no_server_and_is_let_go() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(NoReply, match=f"no NATS server answers at 127.0.0.1:{port}"):
            await Client.open(f"nats://127.0.0.1:{port}", "ann")
        connected, _ = silent.accept()
        with connected:
            connected.settimeout(5)
            assert connected.recv(1) == b""
    gc.collect()
