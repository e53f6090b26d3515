"""What the command line prints: data is never markup, and never controls the terminal."""

import io
import json
import logging
import os
import sys
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, TextIO

from services.cli.told import Problem
from shared.keys import mask

Row = tuple[str, ...]
"""A line of a table."""
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
            _notice("warning", record, as_json=self._as_json)
        elif record.created - self._told >= _QUIET:
            self._told = record.created
            _notice("reconnecting", record, as_json=self._as_json)


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


def table(rows: Sequence[Row], *, least: Sequence[int] = (), reveal: bool = False) -> None:
    """Print rows of cells: in columns on a terminal, between tabs elsewhere; nothing is cut.

    `least`: how wide each column is at least. Cells alone in their row are no column.
    """
    shown = [tuple(clean(cell if reveal else mask(cell)) for cell in row) for row in rows]
    if not sys.stdout.isatty():
        for row in shown:
            _print("\t".join(row), error=False)
        return
    from rich.cells import cell_len  # here, as only a terminal needs it

    columns = zip_longest(*(map(cell_len, row[:-1]) for row in shown), least, fillvalue=0)
    widths = [max(column) for column in columns]
    for row in shown:
        padded = [
            cell + " " * (width - cell_len(cell))
            for cell, width in zip(row[:-1], widths, strict=False)
        ]
        _print("  ".join([*padded, row[-1]]), error=False)


def json_line(value: Any, *, before: str = "", reveal: bool = False, error: bool = False) -> None:
    """Print a value as one line of JSON; its tokens only when they are asked for."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    shown = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
    _print(before + (shown if reveal else mask(shown)), error=error)


def problem(told: Problem, *, as_json: bool) -> None:
    """Print on stderr what went wrong, what to do, and the next call."""
    if as_json:
        json_line(told.model_dump(), error=True)
        return
    line(f"{told.code}: {told.detail}", error=True)
    if told.hint or told.next:
        line(f"hint: {': '.join(filter(None, (told.hint, told.next)))}", error=True)


def passing(text: str) -> None:
    """Show a line on the terminal behind stderr in place of the one before."""
    sys.stderr.write(f"\r\x1b[2K{clean(text)}")
    sys.stderr.flush()


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


def _notice(code: str, record: logging.LogRecord, *, as_json: bool) -> None:
    problem(Problem(code=code, detail=record.getMessage()), as_json=as_json)


def _print(text: str, *, error: bool) -> None:
    stream = sys.stderr if error else sys.stdout
    # the one place that prints, whole lines
    print(f"{text}\n", end="", file=stream, flush=True)
