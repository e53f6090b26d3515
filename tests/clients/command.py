"""The `guestlist` command, run as a user does."""

import asyncio
import os
import pty
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

GUESTLIST = Path(sys.executable).parent / "guestlist"


class Ended(NamedTuple):
    """How a run ended, and what it printed."""

    code: int | None
    out: str
    err: str


async def guestlist(
    *given: str | bytes | Path,
    program: Sequence[str | Path] = (GUESTLIST,),
    folder: Path | None = None,
    stdin: str | None = None,
    stdout: int = PIPE,
    stderr: int = PIPE,
    settings: Mapping[str, str] | None = None,
) -> Ended:
    """Run the command to its end; `settings` are the only GUESTLIST_… that it sees."""
    async with started(
        *given,
        program=program,
        folder=folder,
        stdin=stdin is not None,
        stdout=stdout,
        stderr=stderr,
        settings=settings,
    ) as process:
        out, err = await process.communicate(None if stdin is None else stdin.encode())
    return Ended(process.returncode, (out or b"").decode(), (err or b"").decode())


async def on_terminal(
    *given: str | bytes | Path,
    program: Sequence[str | Path] = (GUESTLIST,),
    folder: Path | None = None,
    settings: Mapping[str, str] | None = None,
) -> Ended:
    """Run the command on a terminal, where what it prints and its errors are one."""
    ours, theirs = pty.openpty()
    reading = asyncio.create_task(asyncio.to_thread(_read_all, ours))
    settings = {"TERM": "xterm-256color", **(settings or {})}
    ended = await guestlist(
        *given,
        program=program,
        folder=folder,
        stdout=theirs,
        stderr=theirs,
        settings=settings,
    )
    os.close(theirs)
    return Ended(ended.code, (await reading).replace("\r\n", "\n"), "")


@asynccontextmanager
async def started(
    *given: str | bytes | Path,
    program: Sequence[str | Path] = (GUESTLIST,),
    folder: Path | None = None,
    stdin: bool = False,
    stdout: int = PIPE,
    stderr: int = PIPE,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[Process]:
    """Start the command; it is killed when it still runs afterwards."""
    foreign = ("GUESTLIST_", "PYTHONUNBUFFERED")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    process = await asyncio.create_subprocess_exec(
        *program,
        *given,
        cwd=folder,
        env=ours | dict(settings or {}),
        stdin=PIPE if stdin else asyncio.subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        preexec_fn=_heed_ctrl_c,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def _heed_ctrl_c() -> None:
    """As on a terminal, though the tests may run in the background of a shell."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _read_all(terminal: int) -> str:
    """What is written to a terminal until nobody holds its other end."""
    read = b""
    with suppress(OSError):
        while some := os.read(terminal, 4096):
            read += some
    os.close(terminal)
    return read.decode()


async def read_line(stream: asyncio.StreamReader | None) -> str:
    """The next line that a started command prints, within a minute."""
    assert stream is not None
    return (await asyncio.wait_for(stream.readline(), 60)).decode()
