"""Logging: one line a record on stderr, without tokens and without control characters."""

import logging
import time

from shared.keys import mask


class _Formatter(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        text = mask(super().format(record))
        return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def log_to_stderr(service: str) -> None:
    """Send what the program logs to stderr, each line with the time in UTC."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        _Formatter(
            f"%(asctime)s.%(msecs)03dZ {service} %(levelname)s %(name)s: %(message)s", "%FT%T"
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
