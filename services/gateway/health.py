"""Whether the gateway can work, and the services behind it."""

import asyncio

from fastapi import APIRouter, Response

from services.contract import SERVICES
from services.gateway.bus import Bus
from services.gateway.house import House
from shared.client import NoReply

router = APIRouter(tags=["health"])


@router.get("/health", responses={503: {"model": House}})
async def health(bus: Bus, response: Response) -> House:
    """How everything behind this address is."""
    told = await asyncio.gather(*(_status(bus, service) for service in SERVICES))
    services = dict(zip(SERVICES, told, strict=True))
    ready = set(services.values()) == {"ready"}
    response.status_code = 200 if ready else 503
    return House(ready=ready, services=services)


async def _status(bus: Bus, service: str) -> str:
    try:
        told = await bus.health(service)
    except NoReply:
        return "away"
    return "away" if told is None else told.status
