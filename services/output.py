"""What the command line prints: data is never markup, and never controls the terminal."""

import sys
from typing import Any

from pydantic_core import to_json

from shared.keys import mask


def clean(text: str) -> str:
    """`text` with control characters shown, not sent."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def line(text: str, *, error: bool = False) -> None:
    """Print one line, at once, with its tokens masked."""
    stream = sys.stderr if error else sys.stdout
    print(clean(mask(text)), file=stream, flush=True)  # the one place that prints


def json_line(value: Any, *, reveal: bool = False) -> None:
    """Print a value as one line of JSON; its tokens only when they are asked for."""
    text = to_json(value).decode()
    print(text if reveal else mask(text), flush=True)  # noqa: T201  # the one place that prints
