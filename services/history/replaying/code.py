"""The code of a revision: in a folder of its own, to run beside this one."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import services
from services.address import Address

HERE = Path(services.__file__).parents[1]
"""Where this code is."""
_PINS = "constraints.txt"


class NoCode(Exception):
    """There is no such revision, or it can't be run."""


class Code(NamedTuple):
    """A tree of code, and the Python that runs it."""

    root: Path
    python: Path

    def replay(
        self, recording: Path, data: Path, wanted: Sequence[str] = ()
    ) -> Iterator[dict[str, Any]]:
        """What this code tells of a recording, line by line; raises NoCode when it can't.

        Its working directory is its tree, and nothing but the tree is imported first.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with recording.open("rb") as lines:
                ended = subprocess.run(  # noqa: S603  # code that the user names
                    [self.python, "-m", "services.history.replaying.again", *wanted],
                    cwd=self.root,
                    env=self._environment(data),
                    stdin=lines,
                    stdout=out,
                    stderr=err,
                    check=False,
                )
            err.seek(0)
            if ended.returncode:
                raise NoCode(f"the code in {self.root} can't replay: {_last_line(err.read())}")
            out.seek(0)
            yield from map(json.loads, out)

    def _environment(self, data: Path) -> dict[str, str]:
        """Sets have one order in each run, so equal states are mostly written the same."""
        address = Address.known(data)
        return (
            (address.environment if address else {})
            | os.environ
            | {
                "PYTHONPATH": str(self.root),
                "PYTHONHASHSEED": "0",
                "PYTHONDONTWRITEBYTECODE": "1",
                "GUESTLIST_DATA": str(data.resolve()),
            }
        )


def today() -> Code:
    """The code that runs now."""
    return Code(HERE, Path(sys.executable))


@contextmanager
def code_of(against: str) -> Iterator[Code]:
    """The code in a folder, or of a revision in the repository of this code; raises NoCode.

    It runs in this environment when it pins the same packages, else in one that is made for it.
    """
    with tempfile.TemporaryDirectory(prefix="guestlist-code-") as temporary:
        folder = Path(temporary)
        root = Path(against).resolve() if Path(against).is_dir() else _checked_out(against, folder)
        if not (root / "services").is_dir():
            raise NoCode(f"there is no code of Guestlist in {root}")
        same = _pins(root) == _pins(HERE)
        yield Code(root, Path(sys.executable) if same else _made(root, folder / "venv"))


def _checked_out(revision: str, folder: Path) -> Path:
    """The tree of a revision, apart from any other."""
    git, root = shutil.which("git"), folder / "tree"
    if git is None:
        raise NoCode(f"there is no folder {revision}, and no git to look for a revision")
    named = ["rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"]
    try:
        commit = _run(git, "-C", HERE, *named).decode().strip()
    except NoCode:
        raise NoCode(f"{revision} is no folder, and no revision of {HERE}") from None
    tree = _run(git, "-C", HERE, "archive", "--format=tar", commit)
    with tarfile.open(fileobj=BytesIO(tree)) as archive:
        archive.extractall(root, filter="data")
    return root


def _made(root: Path, place: Path) -> Path:
    """A Python with the packages that a tree pins."""
    venv.create(place, with_pip=True)
    python, pins = place / "bin/python", root / _PINS
    pinned: list[str | Path] = ["-c", pins] if pins.exists() else []
    _run(python, "-m", "pip", "install", "--quiet", *pinned, root)
    return python


def _run(*words: str | Path) -> bytes:
    """Run a program, for what it prints; raises NoCode with the end of what it complained of."""
    ended = subprocess.run(words, capture_output=True, check=False)  # noqa: S603  # our own words
    if ended.returncode:
        raise NoCode(f"{Path(words[0]).name} failed: {_last_line(ended.stderr)}")
    return ended.stdout


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _pins(root: Path) -> str | None:
    file = root / _PINS
    return file.read_text() if file.exists() else None
