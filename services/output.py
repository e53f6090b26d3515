"""What the command line prints: data is never markup, and never controls the terminal."""

import io
import json
import logging
import os
import sys
from typing import Any, TextIO

from shared.keys import mask

_QUIET = 5.0
"""Seconds for which an outage isn't mentioned again."""


class Outages(logging.Handler):
    """Turns what a client logs while its server is away into a notice now and then."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__(logging.INFO)
        self._as_json = as_json
        self._told = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Say that the client is reconnecting, and why; a warning is said as it is."""
        if record.levelno > logging.INFO:
            problem("warning", record.getMessage(), as_json=self._as_json)
        elif record.created - self._told >= _QUIET:
            self._told = record.created
            problem("reconnecting", record.getMessage(), as_json=self._as_json)


def clean(text: str) -> str:
    """`text` with control characters shown, not sent."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def line(text: str, *, error: bool = False) -> None:
    """Print one line, at once, with its tokens masked."""
    _print(clean(mask(text)), error=error)


def text(whole: str, *, reveal: bool = False) -> None:
    """Print a text of several lines; its tokens only when they are asked for."""
    for row in whole.splitlines():
        _print(clean(row if reveal else mask(row)), error=False)


def json_line(value: Any, *, reveal: bool = False, error: bool = False) -> None:
    """Print a value as one line of JSON; its tokens only when they are asked for."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    shown = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    _print(shown if reveal else mask(shown), error=error)


def problem(code: str, detail: str, hint: str = "", *, as_json: bool) -> None:
    """Print on stderr what went wrong, and what to do."""
    if as_json:
        json_line({"code": code, "detail": detail, "hint": hint}, error=True)
        return
    line(f"{code}: {detail}", error=True)
    if hint:
        line(f"hint: {hint}", error=True)


def set_up() -> None:
    """Print UTF-8, whatever the environment says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")


def give_up(*streams: TextIO) -> None:
    """Print nothing more there, not even what waits, because it can't be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())


def _print(text: str, *, error: bool) -> None:
    stream = sys.stderr if error else sys.stdout
    print(text, file=stream, flush=True)  # the one place that prints
