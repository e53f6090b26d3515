"""Whether the gateway of a folder answers, and how to mend it when it doesn't."""

from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from services.address import Address
from services.cli.told import Finding
from services.gateway.house import House

_PATIENCE = 5.0
"""Seconds that it has to answer."""
_LONGEST = 10_000
"""Bytes of an answer that are read."""


def knock(data: Path) -> Finding:
    """Ask the gateway of a folder how it is."""
    detail, mend = _heard(data)
    return Finding(check="gateway", well=not mend, detail=detail, mend=mend)


def _heard(data: Path) -> tuple[str, str]:
    """What is told of it, and the mend if it needs one."""
    try:
        address = Address.known(data)
    except (OSError, ValueError) as error:
        return str(error), "remove it, and give --http-port and GUESTLIST_PUBLIC_URL as they were"
    if address is None:
        return "none runs on this folder", ""
    try:
        house = House.model_validate_json(_health(address.local))
    except (OSError, HTTPException, ValueError):
        return f"it doesn't answer at {address.local}", "start it: guestlist up"
    if not house.ready:
        waits = [f"{name} is {how}" for name, how in house.services.items() if how != "ready"]
        told = f"it answers at {address.local}, and isn't ready: {', '.join(waits)}"
        return told, "mend these services; it goes on by itself"
    return f"it answers at {address.local}", ""


def _health(url: str) -> bytes:
    """The answer, whatever its status; raises OSError and HTTPException when there is none."""
    opener = build_opener(ProxyHandler({}))  # no proxy knows the way to this machine
    try:
        with opener.open(f"{url}/health", timeout=_PATIENCE) as answer:
            return bytes(answer.read(_LONGEST))
    except HTTPError as error:
        with error:
            return error.read(_LONGEST)
