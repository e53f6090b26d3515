"""The one guarded fetcher: what a stranger's URL may make this program connect to.

Addresses are checked, never names or text, and the connection goes to the address that was
checked. Each redirect is a new URL with the same checks. No proxy of the environment is used.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable
from typing import Any

import httpcore2
import httpx2

from shared.errors import Refusal

MAX_BYTES = 64 * 1024
MAX_REDIRECTS = 3
CONNECT_SECONDS = 2.0
WHOLE_SECONDS = 5.0

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Allowed = Callable[[IPAddress], bool]

_SPECIAL = [
    ipaddress.ip_network(block)
    for block in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
]
_UNICAST = ipaddress.ip_network("2000::/3")
_REDIRECTS = (301, 302, 303, 307, 308)


class DescriptorNotFound(Refusal, hint="open the URL yourself: it has to answer 200"):
    """{url} gives no descriptor: {reason}."""


class DescriptorTimeout(Refusal, hint="the whole answer has to come within 5 seconds"):
    """{url} took too long."""


class DescriptorRedirects(Refusal, hint="give the URL at which the redirects end"):
    """{url} redirects more than 3 times."""


class DescriptorTooLarge(Refusal, hint="shorten the descriptor"):
    """{url} answers with more than 65536 bytes."""


class _Blocked(Exception):
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


class Fetcher:
    """Fetches descriptors: https to public addresses, in development http to loopback too."""

    def __init__(self, *, development: bool) -> None:
        self._development = development

    async def fetch(self, url: str) -> bytes:
        """The body behind `url`, at most 64 KiB.

        Raises DescriptorNotFound, DescriptorTimeout, DescriptorRedirects or DescriptorTooLarge.
        """
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                return await self._follow(url)
        except (TimeoutError, httpcore2.TimeoutException):
            raise DescriptorTimeout(url=url) from None
        except _Blocked as blocked:
            raise DescriptorNotFound(url=url, reason=str(blocked)) from None
        except (
            *(OSError, UnicodeError, httpcore2.NetworkError, httpcore2.ProtocolError),
        ) as error:
            reason = f"no answer ({type(error).__name__})"
            raise DescriptorNotFound(url=url, reason=reason) from None

    async def _follow(self, url: str) -> bytes:
        target = self._checked(url, url)
        for _ in range(MAX_REDIRECTS + 1):
            status, location, body = await self._get(target)
            if status in _REDIRECTS and location:
                target = self._checked(url, location, base=target)
            elif status != 200:
                raise DescriptorNotFound(url=url, reason=f"it answered {status}")
            elif len(body) > MAX_BYTES:
                raise DescriptorTooLarge(url=url)
            else:
                return body
        raise DescriptorRedirects(url=url)

    def _checked(self, asked: str, url: str, base: httpx2.URL | None = None) -> httpx2.URL:
        try:
            target = httpx2.URL(url) if base is None else base.join(url)
        except (httpx2.InvalidURL, ValueError):
            raise DescriptorNotFound(url=asked, reason="that is no URL") from None
        if target.port is not None and not 0 < target.port < 1 << 16:
            raise DescriptorNotFound(url=asked, reason="that is no port")
        if target.scheme not in ("https", "http") or not target.host or target.userinfo:
            raise DescriptorNotFound(url=asked, reason="only plain https URLs are fetched")
        if target.scheme == "http" and not self._development:
            raise DescriptorNotFound(url=asked, reason="only https is fetched")
        return target

    async def _get(self, url: httpx2.URL) -> tuple[int, str, bytes]:
        allowed: Allowed = is_public if url.scheme == "https" else _is_loopback
        headers: dict[bytes | str, bytes | str] = {
            "Host": url.netloc.decode("ascii"),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "guestlist",
            "Connection": "close",
        }
        parts = httpcore2.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        async with (
            httpcore2.AsyncConnectionPool(network_backend=_Guard(allowed)) as pool,
            pool.stream("GET", parts, headers=headers) as response,
        ):
            fields = {name.lower(): value for name, value in response.headers}
            if fields.get(b"content-encoding", b"identity").lower() != b"identity":
                raise _Blocked("it answered with an encoded body though none was asked for")
            body = b""
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    break
            location = fields.get(b"location", b"").decode("latin-1")
            return response.status, location, body


class _Guard(httpcore2.AsyncNetworkBackend):
    """Resolves a name once, refuses it for any bad address, connects to a checked one."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address that takes it; raises _Blocked or ConnectError."""
        del timeout
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if not addresses or not all(map(self._allowed, addresses)):
            raise _Blocked("its address is not one to which this service connects")
        for address in addresses[:-1]:
            try:
                return await self._connect(address, port, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._connect(addresses[-1], port, local_address, socket_options)

    async def _connect(
        self, address: IPAddress, port: int, local: str | None, options: Iterable[Any] | None
    ) -> httpcore2.AsyncNetworkStream:
        return await self._network.connect_tcp(str(address), port, CONNECT_SECONDS, local, options)


def _is_loopback(address: IPAddress) -> bool:
    return address.is_loopback
