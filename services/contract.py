"""The public contract of all services: what may be asked of them and what they tell."""

import importlib

SERVICES = ("listing", "token", "installation")
_PARTS = ("commands", "events", "queries", "refusals")


def load() -> None:
    """Fill the tables of commands, events, queries and refusals."""
    for service in SERVICES:
        for part in _PARTS:
            importlib.import_module(f"services.{service}.{part}")
