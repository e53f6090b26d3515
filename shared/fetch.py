"""The one fetcher of descriptors; each redirect is a new URL with the same checks."""

import asyncio

import httpcore2
import httpx2

from shared import guarded
from shared.errors import Refusal

MAX_BYTES = 64 * 1024
MAX_REDIRECTS = 3
CONNECT_SECONDS = 2.0
WHOLE_SECONDS = 5.0
_REDIRECTS = (301, 302, 303, 307, 308)


class DescriptorNotFound(Refusal, hint="open the URL yourself: it has to answer 200"):
    """{url} gives no descriptor: {reason}."""


class DescriptorTimeout(Refusal, hint="the whole answer has to come within 5 seconds"):
    """{url} took too long."""


class DescriptorRedirects(Refusal, hint="give the URL at which the redirects end"):
    """{url} redirects more than 3 times."""


class DescriptorTooLarge(Refusal, hint="shorten the descriptor"):
    """{url} answers with more than 65536 bytes."""


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
        except guarded.Blocked as blocked:
            raise DescriptorNotFound(url=url, reason=str(blocked)) from None
        except (
            *(OSError, UnicodeError, httpcore2.NetworkError, httpcore2.ProtocolError),
        ) as error:
            reason = f"no answer ({type(error).__name__})"
            raise DescriptorNotFound(url=url, reason=reason) from None

    async def _follow(self, url: str) -> bytes:
        target = self._checked(url)
        for _ in range(MAX_REDIRECTS + 1):
            status, location, body = await self._get(target)
            if status in _REDIRECTS and location:
                target = self._checked(location, target)
            elif status != 200:
                raise DescriptorNotFound(url=url, reason=f"it answered {status}")
            elif len(body) > MAX_BYTES:
                raise DescriptorTooLarge(url=url)
            else:
                return body
        raise DescriptorRedirects(url=url)

    def _checked(self, url: str, base: httpx2.URL | None = None) -> httpx2.URL:
        return guarded.target(url, development=self._development, base=base)

    async def _get(self, url: httpx2.URL) -> tuple[int, str, bytes]:
        headers: dict[bytes | str, bytes | str] = {
            "Host": url.netloc.decode("ascii"),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "guestlist",
            "Connection": "close",
        }
        async with (
            guarded.pool(url, CONNECT_SECONDS) as pool,
            pool.stream("GET", guarded.parts(url), headers=headers) as response,
        ):
            fields = {name.lower(): value for name, value in response.headers}
            if fields.get(b"content-encoding", b"identity").lower() != b"identity":
                raise guarded.Blocked("it answered with an encoded body though none was asked for")
            body = b""
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    break
            location = fields.get(b"location", b"").decode("latin-1")
            return response.status, location, body
