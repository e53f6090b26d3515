"""Where a house is reached over HTTP: links that were given out lead there, so it stays."""

import json
import os
from pathlib import Path
from typing import NamedTuple, Self

from services.ports import NotStarted, free_port
from shared.files import write_anew
from shared.settings import Settings

_PORT = 8080
PUBLIC_URL = "GUESTLIST_PUBLIC_URL"


class Address(NamedTuple):
    """The port at which HTTP is served, and the URL under which others reach it."""

    http_port: int
    public_url: str

    @classmethod
    def of(cls, data: Path, wanted: int | None) -> Self:
        """The address of a folder: as before, unless another port or URL is asked for.

        Raises NotStarted when the port is in use, and when it isn't known how it was before.
        """
        try:
            known = cls.known(data)
        except ValueError as error:
            mend = f"remove it, and give {PUBLIC_URL} and --http-port as they were"
            raise NotStarted(f"{error}: {mend}") from None
        port = free_port(_PORT, wanted or (known.http_port if known else None))
        given = known is not None and known.public_url != known.local
        usual = known.public_url if known and given else _local(port)
        address = cls(port, os.environ.get(PUBLIC_URL, usual))
        if address != known:
            write_anew(_file(data), json.dumps(address._asdict()).encode())
        return address

    @classmethod
    def known(cls, data: Path) -> Self | None:
        """The address that a folder had, if it had any; raises ValueError for what is none."""
        file = _file(data)
        try:
            return cls(**json.loads(file.read_text())) if file.exists() else None
        except (ValueError, TypeError):
            raise ValueError(f"{file} names no address") from None

    @property
    def local(self) -> str:
        """The URL on this machine."""
        return _local(self.http_port)

    @property
    def environment(self) -> dict[str, str]:
        """The same as settings of the services."""
        return {"GUESTLIST_HTTP_PORT": str(self.http_port), PUBLIC_URL: self.public_url}


def _local(port: int) -> str:
    host = Settings().http_host
    if host in ("0.0.0.0", "::"):  # noqa: S104  # compared, not listened at
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _file(data: Path) -> Path:
    return data / "http.json"
