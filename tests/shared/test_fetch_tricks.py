"""The known ways to make a server fetch from inside make this one connect nowhere.

Source: OWASP, Server-Side Request Forgery Prevention Cheat Sheet, and the tricks it refers to.
"""

import socket
from collections.abc import Iterator
from itertools import cycle

import pytest

from tests.clients.pages import page, redirect, serving
from tests.shared.test_fetch import refusal

TRICKS = {
    "an account before the host": "https://example.com@127.0.0.1:{port}/",
    "the host as an account": "https://127.0.0.1:{port}@127.0.0.2/",
    "an account with a password": "https://a:b@127.0.0.1:{port}/",
    "a backslash before the account": "https://127.0.0.1:{port}\\@example.invalid/",
    "a host behind a fragment": "https://example.invalid#@127.0.0.1:{port}/",
    "a host behind a query": "https://example.invalid?@127.0.0.1:{port}/",
    "two accounts": "https://a@b@127.0.0.1:{port}/",
    "spaces between hosts": "https://127.0.0.1:{port} example.invalid/",
    "a tab in the scheme": "ht\ttps://127.0.0.1:{port}/",
    "a line feed in the host": "https://127.0.0.1\n:{port}/",
    "an encoded zero byte": "https://127.0.0.1%00.example.invalid:{port}/",
    "an encoded slash": "https://127.0.0.1%2f.example.invalid:{port}/",
    "an encoded host": "https://%31%32%37.0.0.1:{port}/",
    "digits in circles": "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:{port}/",
    "other full stops": "https://127\uff0e0\uff0e0\uff0e1:{port}/",
    "a dot at the end": "https://127.0.0.1.:{port}/",
    "localhost with a dot": "https://localhost.:{port}/",
    "a subdomain of localhost": "https://a.localhost:{port}/",
    "a number with zeros": "https://0000127.0.0.1:{port}/",
    "an overflow": "https://4294967297.0.0.1:{port}/",
    "hexadecimal parts": "https://0x7f.0x0.0x0.0x1:{port}/",
    "octal parts": "https://0177.0.0.01:{port}/",
    "nothing but a zero": "https://0:{port}/",
    "all interfaces": "https://0.0.0.0:{port}/",
    "all interfaces of IPv6": "https://[::]:{port}/",
    "IPv6 with a zone": "https://[::1%25lo]:{port}/",
    "IPv4 within IPv6": "https://[::ffff:127.0.0.1]:{port}/",
    "IPv4 within IPv6 in hex": "https://[0:0:0:0:0:ffff:7f00:0001]:{port}/",
    "brackets that hold IPv4": "https://[127.0.0.1]:{port}/",
    "no slashes": "https:127.0.0.1:{port}/",
    "three slashes": "https:///127.0.0.1:{port}/",
    "backslashes": "https:\\\\127.0.0.1:{port}/",
    "no scheme": "//127.0.0.1:{port}/",
    "plain http": "http://127.0.0.1:{port}/",
    "upper case": "HTTP://127.0.0.1:{port}/",
    "metadata of a cloud": "https://169.254.169.254/latest/meta-data/",
    "metadata as a number": "https://2852039166/latest/meta-data/",
    "metadata by IPv6": "https://[fd00:ec2::254]/latest/meta-data/",
    "metadata of another cloud": "https://100.100.100.200/latest/meta-data/",
    **{
        f"the scheme {scheme}": f"{scheme}://127.0.0.1:{{port}}/_x"
        for scheme in ("gopher", "dict", "ftp", "sftp", "ldap", "tftp", "smb", "ws", "wss", "jar")
    },
    "a file": "file:///etc/passwd",
    "a file on a host": "file://127.0.0.1/etc/passwd",
    "a document": "netdoc:///etc/passwd",
    "the data itself": "data:application/json,{{}}",
    "a script": "javascript:1",
    "an archive": "jar:https://127.0.0.1:{port}/a!/",
}


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
async def test_no_trick_connects_inside(trick: str) -> None:
    async with serving({"/": page()}) as server:
        url = trick.format(port=server.url.rpartition(":")[2])
        assert (await refusal(url, development=False)).code == "descriptor-not-found"
    assert server.connections == 0


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
async def test_no_redirect_does_either(trick: str) -> None:
    async with serving({"/": page()}) as inside:
        to = trick.format(port=inside.url.rpartition(":")[2])
        if to.partition("://")[0].lower() == "http" or to.startswith("//"):
            to = to.replace("127.0.0.1", "127.0.0.2")
        sent = to.encode("utf-8").decode("latin-1").replace("\n", "").replace("\t", "")
        async with serving({"/": redirect(sent)}) as server:
            assert (await refusal(f"{server.url}/")).code == "descriptor-not-found"
    assert inside.connections == 0


async def test_a_name_that_changes_its_address_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving({"/": page()}) as server:
        port = int(server.url.rpartition(":")[2])
        answers: Iterator[str] = cycle(["10.0.0.1", "127.0.0.1"])

        def look_up(*_: object) -> list[tuple[int, int, int, str, object]]:
            return [(0, socket.SOCK_STREAM, 0, "", (next(answers), port))]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        refused = await refusal(f"http://rebinding.example:{port}/")
    assert "address" in str(refused.data["reason"])
    assert server.connections == 0
