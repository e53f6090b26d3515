"""The public contract of all services: what may be asked of them and what they tell."""

import importlib

from shared.messages import Command, Event, Query

SERVICES = ("listing", "token", "installation")
GATEWAY = "gateway"
"""What serves HTTP: it owns nothing and asks the services."""
_PARTS = ("commands", "events", "queries", "refusals")


def load(*parts: str) -> None:
    """Fill the tables of commands, events, queries and refusals, or only of these parts."""
    for service in SERVICES:
        for part in parts or _PARTS:
            importlib.import_module(f"services.{service}.{part}")


def commands(service: str) -> list[type[Command]]:
    """What may be asked of a service over the bus."""
    return [kind for kind in Command.TABLE.values() if service == kind.SERVICE]


def queries(service: str) -> list[type[Query]]:
    """What may be read of a service."""
    return [kind for kind in Query.TABLE.values() if service == kind.SERVICE]


def events(service: str) -> list[type[Event]]:
    """What a service tells all others."""
    own = [kind for topic, kind in Event.TABLE.items() if topic.startswith(f"{service}.")]
    return [kind for kind in own if kind.PUBLISHED]
