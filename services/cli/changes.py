"""How changes of a state are shown to people."""

import json
from collections.abc import Iterable, Iterator

from pydantic import JsonValue

from services.cli.output import Row
from shared.states import Change

_LONG = 160
"""Characters of a value that are shown."""
_SIGNS = {"add": "+", "remove": "-", "replace": "~"}


def changed(changes: Iterable[Change]) -> Iterator[Row]:
    """A row for each, beneath what changed it."""
    for change in changes:
        ends = {"add": [change.after], "remove": [change.before]}
        values = ends.get(change.op, [change.before, change.after])
        yield (f"  {_SIGNS[change.op]} {change.path} {' → '.join(map(_short, values))}",)


def _short(value: JsonValue) -> str:
    """A value on one line; all of a long one is told as JSON only."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
