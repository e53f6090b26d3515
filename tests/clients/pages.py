"""A server at 127.0.0.1 that answers with exactly the bytes that it is given."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing


class Server:
    """Answers each path with its pieces, a second apart, and keeps what it was asked."""

    def __init__(self, pages: Mapping[str, Sequence[bytes]]) -> None:
        self.pages = pages
        self.url = ""
        self.connections = 0
        self.asked: list[str] = []
        self.open: list[asyncio.StreamWriter] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until all is said or the other side leaves."""
        self.connections += 1
        self.open.append(writer)
        with closing(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head.decode())
            first, *rest = self.pages[self.asked[-1].split()[1]]
            writer.write(first)
            gone = asyncio.create_task(reader.read())
            for piece in rest:
                await asyncio.wait([gone], timeout=1)
                if gone.done():
                    break
                writer.write(piece)
            gone.cancel()


@asynccontextmanager
async def serving(pages: Mapping[str, Sequence[bytes]]) -> AsyncIterator[Server]:
    """A server at 127.0.0.1."""
    server = Server(pages)
    async with await asyncio.start_server(server.answer, "127.0.0.1", 0) as listening:
        server.url = "http://127.0.0.1:{1}".format(*listening.sockets[0].getsockname())
        yield server
    for writer in server.open:
        writer.close()


def page(body: bytes = b"{}", *fields: str, status: int = 200) -> list[bytes]:
    """An HTTP answer in one piece."""
    head = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *fields, "", ""]
    return ["\r\n".join(head).encode() + body]


def chunked(body: bytes) -> list[bytes]:
    """An HTTP answer that doesn't tell its length."""
    head = b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n"
    return [head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)]


def redirect(to: str, status: int = 302) -> list[bytes]:
    """An answer that sends elsewhere."""
    return page(b"", f"Location: {to}", status=status)
