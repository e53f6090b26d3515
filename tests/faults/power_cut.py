"""A server whose power is cut: its folder is an image of a disk, copied while it writes.

What was acknowledged but wasn't yet on the disk isn't in the copy. Needs root, loop devices, ext4.
"""

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client as Connection

from tests.clients.ports import free_port
from tests.flows.conftest import SERVER

_MIB = 256
_SECONDS = 2.0
"""For which is published before the power is cut."""


class NotHere(Exception):
    """This machine can't mount an image."""


async def lost(folder: Path, sync: str) -> tuple[int, int]:
    """How many messages were acknowledged, and how many of them a cut of the power lost.

    Raises NotHere.
    """
    image, copy = folder / "disk", folder / "copy"
    blank(image)
    with mounted(image, folder / "before") as disk:
        async with _server(disk, sync) as connection:
            acknowledged = await _published(connection)
            shutil.copyfile(image, copy)  # the power is cut
    repair(copy)
    with mounted(copy, folder / "after") as disk:
        async with _server(disk, sync) as connection:
            kept = await _kept(connection)
    return acknowledged, max(0, acknowledged - kept)


def blank(image: Path) -> None:
    """An image with nothing on it; raises NotHere."""
    if shutil.which("mkfs.ext4") is None:
        raise NotHere("there is no mkfs.ext4")
    with image.open("wb") as file:
        file.truncate(_MIB << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)


def repair(image: Path) -> None:
    """What a machine does when it starts after a cut."""
    subprocess.run(["fsck.ext4", "-y", image], capture_output=True, check=False)


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """The file system in an image, for a while; raises NotHere."""
    folder.mkdir(exist_ok=True)
    words: list[str | Path] = ["mount", "-o", "loop", image, folder]
    tried = subprocess.run(words, capture_output=True, text=True, check=False)
    if tried.returncode:
        raise NotHere(tried.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@asynccontextmanager
async def _server(disk: Path, sync: str) -> AsyncIterator[Connection]:
    port, config = free_port(), disk.parent / "nats.conf"
    store = f'store_dir: "{disk}/nats", sync_interval: {sync}'
    config.write_text(f'listen: "127.0.0.1:{port}"\njetstream {{ {store} }}\n')
    server = await asyncio.create_subprocess_exec(SERVER, "-c", config, "-l", "/dev/null")
    try:
        async with asyncio.timeout(10):
            while True:
                try:
                    connection = await nats.connect(f"nats://127.0.0.1:{port}")
                    break
                except (nats.errors.Error, OSError):
                    await asyncio.sleep(0.05)
        yield connection
        await connection.close()
    finally:
        server.kill()
        await server.wait()


async def _published(connection: Connection) -> int:
    """How many were acknowledged."""
    stream = connection.jetstream()
    await stream.add_stream(name="S", subjects=["s"])
    acknowledged, end = 0, time.monotonic() + _SECONDS
    while time.monotonic() < end:
        await asyncio.gather(*(stream.publish("s", bytes(200)) for _ in range(100)))
        acknowledged += 100
    return acknowledged


async def _kept(connection: Connection) -> int:
    try:
        return (await connection.jetstream().stream_info("S")).state.messages
    except nats.js.errors.NotFoundError:
        return 0
