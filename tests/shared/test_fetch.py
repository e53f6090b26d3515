"""A stranger's URL makes the fetcher connect only to public addresses, for 5 seconds at most."""

import asyncio
import gzip
import ipaddress
import socket
from collections.abc import Callable, Mapping

import pytest

from shared.errors import Refusal
from shared.fetch import MAX_BYTES, Fetcher
from shared.guarded import is_public
from tests.clients.pages import chunked, page, redirect, serving

Answer = Callable[[bytes], list[bytes]]

INSIDE = {
    "this machine": "127.0.0.1 127.8.9.10 0.0.0.0 :: ::1",
    "private": "10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 fc00::1 fd12::1 fec0::1",
    "of a provider": "100.64.0.1 100.127.255.255 192.0.0.8",
    "of a link": "169.254.169.254 fe80::1",
    "multicast": "224.0.0.1 239.255.255.250 ff02::1 ff0e::1",
    "reserved": "240.0.0.1 255.255.255.255 100::1 4000::1 5f00::1",
    "for examples": "192.0.2.1 198.51.100.1 203.0.113.1 198.18.0.1 2001:db8::1 3fff::1",
    "6to4": "192.88.99.1 2002:7f00:1:: 2002:808:808::",
    "NAT64": "64:ff9b::7f00:1 64:ff9b::8.8.8.8 64:ff9b:1::7f00:1",
    "IPv4-compatible": "::127.0.0.1 ::8.8.8.8",
    "of a protocol": "2001::1 2001:1::1 2001:4:112::1 2001:20::1",
}
OUTSIDE = {
    "IPv4": "1.1.1.1 8.8.8.8 172.15.0.1 172.32.0.1 192.0.1.1 192.169.0.1 223.255.255.255",
    "beside a provider's": "100.63.255.255 100.128.0.1",
    "IPv6": "2001:4860:4860::8888 2606:4700::1111 2a00::1",
    "IPv4-mapped": "::ffff:8.8.8.8",
}
WRAPPINGS = "::ffff:{0} ::{0} 64:ff9b::{0} 64:ff9b:1::{0} 2002:{1:x}:{2:x}:: 2001::{0} fe80::{0}"
TEXT_FORMS = {
    "names": "localhost LOCALHOST",
    "numbers": "2130706433 0x7f.1 0x7f000001 127.1 0177.0.0.1 017700000001 0",
    "look-alikes": "\uff11\uff12\uff17.\uff10.\uff10.\uff11 127\u30020\u30020\u30021",
    "brackets": "[::1] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1]",
}


def words(table: Mapping[str, str]) -> list[str]:
    """All that stands in a table, whatever kind it is of."""
    return [word for kind in table.values() for word in kind.split()]


def wrapped(address: str) -> list[str]:
    """IPv6 addresses that lead to an IPv4 address."""
    halves = divmod(int(ipaddress.IPv4Address(address)), 1 << 16)
    return [pattern.format(address, *halves) for pattern in WRAPPINGS.split()]


UNUSABLE = [
    *("https://a..b/", "https://./", f"https://{'a' * 64}.example/", "https://8.8.8.8:65536/"),
    *("http://127.0.0.1:99999/", "http://127.0.0.1:0/"),
]
"""Names and ports that no resolver and no socket takes."""
LITERALS = [
    *words(INSIDE),
    *(ipv6 for ipv4 in words(INSIDE) if ":" not in ipv4 for ipv6 in wrapped(ipv4)),
]


async def fetch(url: str, *, development: bool = True) -> bytes:
    """What the fetcher gives for `url`."""
    return await Fetcher(development=development).fetch(url)


async def refusal(url: str, *, development: bool = True) -> Refusal:
    """How the fetcher refuses `url`."""
    with pytest.raises(Refusal) as refused:
        await fetch(url, development=development)
    return refused.value


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let each name lead to `addresses`; gives the names as they are looked up."""
    names: list[str] = []

    def look_up(name: str, port: int, *_: object) -> list[tuple[int, int, int, str, object]]:
        names.append(name)
        return [(0, socket.SOCK_STREAM, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return names


@pytest.mark.parametrize("address", LITERALS)
def test_an_address_that_may_lead_inside_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", words(OUTSIDE))
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("development", [True, False])
async def test_https_never_connects_inside(development: bool) -> None:
    literals = [f"[{address}]" if ":" in address else address for address in LITERALS]
    async with serving({}) as server:
        port = server.url.rpartition(":")[2]
        for host in (*literals, *words(TEXT_FORMS)):
            refused = await refusal(f"https://{host}:{port}/", development=development)
            assert refused.code == "descriptor-not-found", host
            assert host not in literals or "address" in str(refused.data["reason"]), host
    assert server.connections == 0


@pytest.mark.parametrize("others", ["127.0.0.1", "10.0.0.1", "64:ff9b::7f00:1"])
async def test_a_name_that_leads_inside_too_is_refused(
    others: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for addresses in (("8.8.8.8", others), (others, "8.8.8.8")):
        resolve(monkeypatch, *addresses)
        assert "address" in (await refusal("https://app.example.com/")).detail


async def test_a_name_is_looked_up_once_and_each_of_its_addresses_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up = resolve(monkeypatch, "::1", "127.0.0.1")
    async with serving({"/": page()}) as server:
        assert await fetch(server.url.replace("127.0.0.1", "app.example.com")) == b"{}"
    assert looked_up == ["app.example.com"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_in_development_http_is_fetched_from_loopback(host: str) -> None:
    async with serving({"/app?version=1": page(b'{"key":"a"}')}) as server:
        url = server.url.replace("127.0.0.1", host)
        assert await fetch(f"{url}/app?version=1#part") == b'{"key":"a"}'
    assert f"\r\nHost: {url.removeprefix('http://')}\r\n" in server.asked[0]
    assert "\r\nAccept-Encoding: identity\r\n" in server.asked[0]


@pytest.mark.parametrize("host", ["10.0.0.1", "[::ffff:10.0.0.1]", "8.8.8.8", "0.0.0.0"])
async def test_in_development_http_goes_nowhere_but_to_loopback(host: str) -> None:
    refused = await refusal(f"http://{host}/")
    assert "address" in str(refused.data["reason"])


async def test_without_development_http_is_refused() -> None:
    async with serving({"/": page()}) as server:
        refused = await refusal(f"{server.url}/", development=False)
    assert (refused.code, server.connections) == ("descriptor-not-found", 0)


@pytest.mark.parametrize(
    "url", [*("", "/", "app", "https://", "https:///app", "http://[", "\ud800"), *UNUSABLE]
)
async def test_a_text_that_is_no_url_is_refused(url: str) -> None:
    assert (await refusal(url)).code == "descriptor-not-found"


@pytest.mark.parametrize(
    "to",
    [
        *("http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://["),
        *("https://127.0.0.1:{port}/", "https://localhost:{port}/"),
        *("//user@127.0.0.1:{port}/", "http://user:password@127.0.0.1:{port}/"),
        *("ftp://127.0.0.1:{port}/", "file:///etc/passwd", "javascript:0"),
    ],
)
async def test_a_redirect_is_checked_like_the_url_itself(to: str) -> None:
    async with serving({"/": page()}) as inside:
        pages = {"/": redirect(to.format(port=inside.url.rpartition(":")[2]))}
        async with serving(pages) as server:
            assert (await refusal(f"{server.url}/")).code == "descriptor-not-found"
    assert (server.connections, inside.connections) == (1, 0)


HOPS = {
    f"/{hop}": redirect(f"/{hop + 1}", status)
    for hop, status in enumerate((301, 302, 303, 307, 308))
}


async def test_three_redirects_are_followed() -> None:
    async with serving(HOPS | {"/5": page()}) as server:
        assert await fetch(f"{server.url}/2") == b"{}"


@pytest.mark.parametrize("start", ["/0", "/1"])
async def test_a_fourth_redirect_is_not_followed(start: str) -> None:
    async with serving(HOPS | {"/5": page()}) as server:
        assert (await refusal(f"{server.url}{start}")).code == "descriptor-redirects"
    assert server.connections == 4


@pytest.mark.parametrize("status", [201, 204, 302, 404, 500])
async def test_another_status_than_200_is_named(status: int) -> None:
    async with serving({"/": page(b"", status=status)}) as server:
        refused = await refusal(f"{server.url}/")
    assert refused.code == "descriptor-not-found"
    assert str(status) in refused.detail


@pytest.mark.parametrize("answer", [page, chunked])
async def test_64_kib_are_fetched_and_no_byte_more(answer: Answer) -> None:
    pages = {"/most": answer(b"x" * MAX_BYTES), "/more": answer(b"x" * (MAX_BYTES + 1))}
    async with serving(pages) as server:
        assert len(await fetch(f"{server.url}/most")) == 65536
        assert (await refusal(f"{server.url}/more")).code == "descriptor-too-large"


async def test_an_encoded_answer_is_refused() -> None:
    async with serving({"/": page(gzip.compress(b"{}"), "Content-Encoding: gzip")}) as server:
        assert (await refusal(f"{server.url}/")).code == "descriptor-not-found"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", b"nonsense\r\n\r\n", page()[0][:-1]])
async def test_an_answer_that_breaks_off_is_refused(answer: bytes) -> None:
    async with serving({"/": [answer]}) as server:
        assert (await refusal(f"{server.url}/")).code == "descriptor-not-found"


async def test_a_refused_connection_is_a_refusal() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        refused = await refusal(f"http://127.0.0.1:{deaf.getsockname()[1]}/")
    assert refused.code == "descriptor-not-found"


@pytest.mark.extra
async def test_a_slow_answer_and_none_at_all_are_given_up_after_5_seconds() -> None:
    silence = [b""] * 9
    pages = {
        "/silent": silence,
        "/slow": [bytes([byte]) for byte in page()[0]],
        "/slow-end": [page(b"12345678")[0][:-8], *(bytes([byte]) for byte in b"12345678")],
        "/silent-end": [page(b"12345678")[0][:-8], *silence],
        "/late-redirect": [b"", b"", b"", *redirect("/silent")],
    }
    clock = asyncio.get_running_loop().time
    begun = clock()
    async with serving(pages) as server:
        refused = await asyncio.gather(*(refusal(f"{server.url}{path}") for path in pages))
    assert {each.code for each in refused} == {"descriptor-timeout"}
    assert clock() - begun < 5.5


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving({}) as proxy, serving({"/": page()}) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert await fetch(f"{server.url}/") == b"{}"
        await refusal("https://127.0.0.1:1/")
    assert proxy.connections == 0
