"""The settings as a page for people."""

import json
from pathlib import Path
from typing import Any

from services.documents.comments import comments
from shared.settings import Settings

_HIDDEN = {"test"}
"""For tests alone."""
_PAGE = """\
# Settings

Made by `guestlist docs`. They are read from the environment, by each service and by the gateway
when it starts. `guestlist up` hands its own environment on, but for what its options say. A list is
written as JSON: `GUESTLIST_OPERATORS='["ann", "bob"]'`. See [operating](operating.md).

| variable | if it isn't set | |
|---|---|---|
"""


def settings() -> str:
    """All of them, with what counts where they aren't given."""
    rows = [
        f"| `GUESTLIST_{name.upper()}` | {_shown(Settings.model_fields[name].default)} | {text} |"
        for name, text in comments(Settings).items()
        if name not in _HIDDEN
    ]
    return _PAGE + "\n".join(rows) + "\n"


def _shown(default: Any) -> str:
    if default is None:
        return ""
    return f"`{default}`" if isinstance(default, str | Path) else f"`{json.dumps(default)}`"
