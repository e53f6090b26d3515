"""One guarded POST: nothing leads it elsewhere, and only the head of an answer is read."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import httpcore2

from shared import guarded

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
WHOLE_SECONDS = 10.0
HEAD = 256
"""Bytes that are read of an answer's body."""
_TIMES = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS}


class Posted(NamedTuple):
    """How it was answered."""

    status: int
    head: str


class NotPosted(Exception):
    """There was no answer; says why."""


async def post(url: str, body: bytes, headers: Mapping[str, str], *, development: bool) -> Posted:
    """Send `body` to exactly that URL; raises NotPosted, and TimeoutError."""
    try:
        async with asyncio.timeout(WHOLE_SECONDS):
            return await _send(url, body, headers, development=development)
    except httpcore2.TimeoutException:
        raise TimeoutError from None
    except guarded.Blocked as blocked:
        raise NotPosted(str(blocked)) from None
    except (*(OSError, UnicodeError, httpcore2.NetworkError, httpcore2.ProtocolError),) as error:
        if isinstance(error, TimeoutError):
            raise
        raise NotPosted(f"no answer ({type(error).__name__})") from None


async def _send(url: str, body: bytes, headers: Mapping[str, str], *, development: bool) -> Posted:
    to = guarded.target(url, development=development)
    fields: dict[bytes | str, bytes | str] = {
        "Host": to.netloc.decode("ascii"),
        "Content-Length": str(len(body)),
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    fields.update(headers)
    async with (
        guarded.pool(to, CONNECT_SECONDS) as pool,
        pool.stream(
            "POST", guarded.parts(to), headers=fields, content=body, extensions={"timeout": _TIMES}
        ) as response,
    ):
        head = await _head(response)
        return Posted(response.status, head)


async def _head(response: httpcore2.Response) -> str:
    """What is there of the body; the status counts, whatever becomes of the rest."""
    read = b""
    try:
        async for chunk in response.aiter_stream():
            read += chunk
            if len(read) >= HEAD:
                break
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError):
        pass
    return read[:HEAD].decode(errors="replace")
