"""What `/health` tells."""

from pydantic import BaseModel


class House(BaseModel):
    """How the services are; `ready` when all of them are."""

    ready: bool
    services: dict[str, str]
    """By service: ready, not ready, or away."""
