"""The program pluploader, from PyPI and unmodified, in an environment of its own.

It pins older versions of what Guestlist itself runs on, so both can't share one.
"""

import asyncio
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

from tests.clients.npm import BUILD

PACKAGE = "pluploaderng==0.9.2"
_PLACE = BUILD / "pluploader"


class Ended(NamedTuple):
    """How a call ended, and all it wrote, as one line."""

    code: int
    said: str


class Pluploader:
    """Asks a site in the name of an account."""

    def __init__(self, base_url: str, account: str, password: str) -> None:
        self._given = {
            "PLUP_BASEURL": base_url,
            "PLUP_USER": account,
            "PLUP_PASSWORD": password,
            "COLUMNS": "400",
            "HOME": str(_PLACE),  # where it may be configured
        }

    async def __call__(self, *words: str) -> Ended:
        """Run it with those words."""
        process = await asyncio.create_subprocess_exec(
            installed(),
            *words,
            cwd=_PLACE,
            env=os.environ | self._given,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(40):
            said, _ = await process.communicate()
        return Ended(process.returncode or 0, re.sub(r"\s+", " ", said.decode()))


def installed() -> Path:
    """The program, installed; its files are those of the package's archive."""
    program = _PLACE / "bin/pluploaderng"
    if not program.exists():
        _run(sys.executable, "-m", "venv", str(_PLACE))
        pip = [str(_PLACE / "bin/pip"), "--quiet", "--disable-pip-version-check"]
        _run(*pip, "install", PACKAGE)
        _run(*pip, "download", "--no-deps", "--dest", str(_PLACE / "archive"), PACKAGE)
        _compare()
    return program


def _compare() -> None:
    (archive,) = (_PLACE / "archive").glob("*.whl")
    (site,) = _PLACE.glob("lib/python3*/site-packages")
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            if name.startswith("pluploaderng/"):
                unpacked = (site / name).read_bytes()
                assert _hash(unpacked) == _hash(packed.read(name)), name


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _run(*words: str) -> None:
    subprocess.run(words, check=True, timeout=300)
