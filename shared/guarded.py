"""Where a stranger's URL may make this program connect to.

Addresses are checked, never names or text, and the connection goes to the address that was
checked. No proxy of the environment is used.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore2
import httpx2

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Allowed = Callable[[IPAddress], bool]

_SPECIAL = [
    ipaddress.ip_network(block)
    for block in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
]
_UNICAST = ipaddress.ip_network("2000::/3")
_THREADS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="names")
_lookups: dict[tuple[asyncio.AbstractEventLoop, str, int], asyncio.Future[list[Any]]] = {}
"""The names that are looked up now."""


class Blocked(Exception):
    """A name leads to an address to which nobody may send this program."""


def is_public(address: IPAddress) -> bool:
    """Whether anybody's server may be there.

    `is_global` alone says yes to addresses that lead back inside, such as NAT64, 6to4 and
    IPv4-compatible ones.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in _UNICAST:
            return False
    special = any(address in block for block in _SPECIAL if block.version == address.version)
    return address.is_global and not address.is_multicast and not special


def target(url: str, *, development: bool, base: httpx2.URL | None = None) -> httpx2.URL:
    """The URL to connect to, in development plain http too; raises Blocked with the reason."""
    try:
        found = httpx2.URL(url) if base is None else base.join(url)
    except (httpx2.InvalidURL, ValueError):
        raise Blocked("that is no URL") from None
    if found.port is not None and not 0 < found.port < 1 << 16:
        raise Blocked("that is no port")
    if found.scheme not in ("https", "http") or not found.host or found.userinfo:
        raise Blocked("only plain https URLs are used")
    if found.scheme == "http" and not development:
        raise Blocked("only https is used")
    return found


def pool(url: httpx2.URL, connect_seconds: float) -> httpcore2.AsyncConnectionPool:
    """Connections for one request to `url`; http leads to loopback only."""
    allowed: Allowed = is_public if url.scheme == "https" else _is_loopback
    return httpcore2.AsyncConnectionPool(network_backend=_Guard(allowed, connect_seconds))


def parts(url: httpx2.URL) -> httpcore2.URL:
    """The same for the pool, nothing of it written anew."""
    return httpcore2.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


class _Guard(httpcore2.AsyncNetworkBackend):
    """Resolves a name once, refuses it for any bad address, connects to a checked one."""

    def __init__(self, allowed: Allowed, connect_seconds: float) -> None:
        self._allowed = allowed
        self._connect_seconds = connect_seconds
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that takes it; raises Blocked or ConnectError."""
        del timeout
        addresses = await _resolved(host, port)
        if not addresses or not all(map(self._allowed, addresses)):
            raise Blocked("its address is not one to which this service connects")
        for address in addresses[:-1]:
            try:
                return await self._connect(address, port, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._connect(addresses[-1], port, local_address, socket_options)

    async def _connect(
        self, address: IPAddress, port: int, local: str | None, options: Iterable[Any] | None
    ) -> httpcore2.AsyncNetworkStream:
        return await self._network.connect_tcp(
            str(address), port, self._connect_seconds, local, options
        )


async def _resolved(host: str, port: int) -> list[IPAddress]:
    """The addresses of a name; raises OSError.

    A lookup can't be ended, so all who want the same name share one: a name whose server doesn't
    answer holds one thread, however often it is asked for.
    """
    loop = asyncio.get_running_loop()
    place = loop, host, port
    lookup = _lookups.get(place)
    if lookup is None:
        kind = socket.AF_UNSPEC, socket.SOCK_STREAM
        lookup = loop.run_in_executor(_THREADS, socket.getaddrinfo, host, port, *kind)
        _lookups[place] = lookup
        lookup.add_done_callback(lambda _: _lookups.pop(place))
    found = await asyncio.shield(lookup)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _is_loopback(address: IPAddress) -> bool:
    return address.is_loopback
