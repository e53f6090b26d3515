"""Packages from npm, unmodified: what is installed is what is in their archives."""

import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

BUILD = Path(__file__).parents[2] / "build"


def installed(source: Path) -> Path:
    """A copy of an app in the folder `source`, with the packages that its package.json pins."""
    folder = BUILD / source.name
    shutil.copytree(source, folder, dirs_exist_ok=True)
    quiet = ("--ignore-scripts", "--omit=optional", "--no-package-lock", "--silent")
    _npm(folder, "install", *quiet)
    pins: dict[str, str] = json.loads((source / "package.json").read_text())["dependencies"]
    for name, version in pins.items():
        assert files(folder / "node_modules" / name) == files(unpacked(name, version)), name
    return folder


def unpacked(name: str, version: str) -> Path:
    """The files of a package's archive."""
    folder = BUILD / "archives" / f"{name}-{version}"
    if not folder.exists():
        folder.mkdir(parents=True)
        told: list[dict[str, Any]] = json.loads(
            _npm(folder, "pack", "--json", f"{name}@{version}").stdout
        )
        with tarfile.open(folder / told[0]["filename"]) as archive:
            archive.extractall(folder, filter="data")
    return folder / "package"


def files(folder: Path) -> dict[str, str]:
    """The hashes of the files beneath, but for packages of their own."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "node_modules" not in path.relative_to(folder).parts
    }


def _npm(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["npm", *words], cwd=folder, check=True, capture_output=True, text=True, timeout=300
    )
