"""Programs from PyPI, unmodified, each in an environment of its own: they pin other versions."""

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.clients.npm import BUILD


def installed(package: str) -> Path:
    """The folder with the programs of a package, `name==version`; its files are the archive's."""
    place = BUILD / package
    if not (place / "compared").exists():
        _run(sys.executable, "-m", "venv", str(place))
        pip = [str(place / "bin/pip"), "--quiet", "--disable-pip-version-check"]
        _run(*pip, "install", package)
        _run(*pip, "download", "--no-deps", "--dest", str(place / "archive"), package)
        _compare(place)
        (place / "compared").touch()
    return place / "bin"


def _compare(place: Path) -> None:
    (archive,) = (place / "archive").glob("*.whl")
    (packages,) = place.glob("lib/python3*/site-packages")
    with zipfile.ZipFile(archive) as packed:
        for name in packed.namelist():
            if ".dist-info/" not in name and not name.endswith("/"):
                assert (packages / name).read_bytes() == packed.read(name), name


def _run(*words: str) -> None:
    subprocess.run(words, check=True, timeout=300)
