"""The program pluploader, as a site's admin calls it."""

import asyncio
import os
import re
from pathlib import Path
from typing import NamedTuple

from tests.clients.pypi import installed

PACKAGE = "pluploaderng==0.9.2"


class Ended(NamedTuple):
    """How a call ended, and all it wrote, as one line."""

    code: int
    said: str


class Pluploader:
    """Asks a site in the name of an account."""

    def __init__(self, home: Path, base_url: str, account: str, password: str) -> None:
        """`home` is where it may be configured: an empty folder."""
        self._home = home
        self._given = {
            "PLUP_BASEURL": base_url,
            "PLUP_USER": account,
            "PLUP_PASSWORD": password,
            "COLUMNS": "400",
            "HOME": str(home),
        }

    async def __call__(self, *words: str) -> Ended:
        """Run it with those words."""
        process = await asyncio.create_subprocess_exec(
            installed(PACKAGE) / "pluploaderng",
            *words,
            cwd=self._home,
            env=os.environ | self._given,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(40):
            said, _ = await process.communicate()
        return Ended(process.returncode or 0, re.sub(r"\s+", " ", said.decode()))
