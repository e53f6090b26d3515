"""A post waits for no app longer than it may, reads little of it, and goes nowhere else."""

import asyncio
import socket
import threading
import time
import tracemalloc
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from shared.post import HEAD, NotPosted, Posted, post
from tests.clients.pages import page, redirect, serving

Answer = Callable[[StreamWriter], Coroutine[None, None, None]]
BEGUN = b"HTTP/1.1 200 -\r\nContent-Type: text/plain\r\n"


@asynccontextmanager
async def app(answer: Answer) -> AsyncIterator[str]:
    """The URL of an app that answers each request so."""

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield "http://127.0.0.1:{1}/installed".format(*listening.sockets[0].getsockname())


async def posted(url: str) -> Posted:
    """The answer to a post."""
    return await post(url, b"{}", {"Content-Type": "application/json"}, development=True)


async def after_9_9_seconds(writer: StreamWriter) -> None:
    """Answers well, but late."""
    await asyncio.sleep(9.9)
    writer.write(BEGUN + b"\r\n")


async def never(writer: StreamWriter) -> None:
    """Says nothing."""
    del writer
    await asyncio.sleep(60)


async def half_a_head(writer: StreamWriter) -> None:
    """Says nothing more after it has begun."""
    writer.write(BEGUN)
    await asyncio.sleep(60)


async def drop_by_drop(writer: StreamWriter) -> None:
    """Goes on for ever, and never ends its head."""
    writer.write(BEGUN)
    while True:
        await asyncio.sleep(1)
        writer.write(b"X-More: yes\r\n")
        await writer.drain()


async def a_gigabyte(writer: StreamWriter) -> None:
    """Takes it, and has much to say."""
    writer.write(BEGUN + b"Content-Length: %d\r\n\r\n" % (1 << 30))
    for _ in range(1 << 14):
        writer.write(b"x" * (1 << 16))
        await writer.drain()


async def a_head_alone(writer: StreamWriter) -> None:
    """Takes it, and never sends the body that it speaks of."""
    writer.write(BEGUN + b"Content-Length: 10\r\n\r\n")
    await asyncio.sleep(60)


async def no_content(writer: StreamWriter) -> None:
    """Takes it."""
    writer.write(b"HTTP/1.1 204 -\r\n\r\n")


async def nothing(writer: StreamWriter) -> None:
    """Closes at once."""
    del writer


async def no_http(writer: StreamWriter) -> None:
    """Speaks something else."""
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


async def test_a_name_server_that_does_not_answer_holds_no_other_app_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look_up, answers, asked = socket.getaddrinfo, threading.Event(), []

    def slow(host: str, *place: Any) -> list[Any]:
        if host == "slow.example.com":
            asked.append(host)
            answers.wait(30)
            raise socket.gaierror
        return look_up(host, *place)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    waiting = [asyncio.create_task(posted("https://slow.example.com/x")) for _ in range(100)]
    try:
        while not asked:
            await asyncio.sleep(0.01)
        async with app(no_content) as url:
            assert (await posted(url)).status == 204
        assert len(asked) == 1
    finally:
        answers.set()
        gone = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(error) for error in gone} == {NotPosted}


@pytest.mark.extra
async def test_an_app_that_is_slow_is_given_up_after_5_seconds() -> None:
    async def given_up(answer: Answer) -> float:
        begun = time.monotonic()
        async with app(answer) as url:
            with pytest.raises(TimeoutError):
                await posted(url)
            return time.monotonic() - begun

    slow = (after_9_9_seconds, never, half_a_head)
    for seconds in await asyncio.gather(*map(given_up, slow)):
        assert 4.9 < seconds < 7


@pytest.mark.extra
async def test_an_app_that_keeps_talking_is_given_up_after_10_seconds() -> None:
    begun = time.monotonic()
    async with app(drop_by_drop) as url:
        with pytest.raises(TimeoutError):
            await posted(url)
    assert 9.9 < time.monotonic() - begun < 12


async def test_little_is_read_of_a_long_answer() -> None:
    tracemalloc.start()
    try:
        async with app(a_gigabyte) as url:
            assert await posted(url) == (200, "x" * HEAD)
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.extra
async def test_a_status_counts_though_its_body_never_comes() -> None:
    async with app(a_head_alone) as url:
        assert await posted(url) == (200, "")


@pytest.mark.parametrize("answer", [nothing, no_http])
async def test_what_is_no_answer_is_told(answer: Answer) -> None:
    async with app(answer) as url:
        with pytest.raises(NotPosted, match=r"no answer \(RemoteProtocolError\)"):
            await posted(url)


async def test_where_nobody_listens_is_told() -> None:
    with pytest.raises(NotPosted, match="no answer"):
        await posted("http://127.0.0.1:1/installed")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_leads_nowhere(status: int) -> None:
    """Case 9."""
    async with (
        serving({"/elsewhere": page()}) as other,
        serving({"/installed": redirect(f"{other.url}/elsewhere", status)}) as first,
    ):
        assert (await posted(f"{first.url}/installed")).status == status
    assert (first.connections, other.connections) == (1, 0)


@pytest.mark.parametrize(
    ("url", "development", "why"),
    [
        ("http://127.0.0.1/", False, "only https"),
        ("https://127.0.0.1/", True, "not one to which"),
        ("https://localhost/", False, "not one to which"),
        ("https://[::ffff:10.0.0.1]/", False, "not one to which"),
        ("http://8.8.8.8/", True, "not one to which"),
        ("ftp://example.com/", True, "only plain https"),
        ("https://a@example.com/", True, "only plain https"),
        ("https://example.com:99999/", True, "no"),
    ],
)
async def test_it_goes_to_no_address_inside(url: str, development: bool, why: str) -> None:
    with pytest.raises(NotPosted, match=why):
        await post(url, b"", {}, development=development)
