"""Copies of the code that are changed a little, to replay history with them."""

import shutil
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_CACHES = shutil.ignore_patterns("__pycache__")


class Edit(NamedTuple):
    """A text in a file that is replaced by another."""

    file: str
    old: str
    new: str


LIMIT_51 = Edit("services/token/domain/tokens.py", "LIMIT = 50", "LIMIT = 51")


def copied(folder: Path, *edits: Edit) -> Path:
    """A copy of the code with these edits."""
    folder.mkdir(exist_ok=True)
    for name in ("services", "shared"):
        shutil.copytree(ROOT / name, folder / name, ignore=_CACHES)
    for name in ("constraints.txt", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for edit in edits:
        file = folder / edit.file
        text = file.read_text()
        assert edit.old in text
        file.write_text(text.replace(edit.old, edit.new))
    return folder
