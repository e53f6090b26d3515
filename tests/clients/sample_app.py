"""A small Connect app, served over HTTP on this machine."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

PAID: dict[str, Any] = {
    "key": "com.example.roadmap",
    "name": "Roadmap",
    "vendor": {"name": "Example"},
    "authentication": {"type": "none"},
    "enableLicensing": True,
    "modules": {},
}


JWT: dict[str, Any] = {
    "authentication": {"type": "jwt"},
    "lifecycle": {hook: f"/{hook}" for hook in ("installed", "enabled", "disabled", "uninstalled")},
}
"""Changes that make it an app of type jwt, which is told everything."""


class Told(NamedTuple):
    """What the app was told."""

    path: str
    headers: Message
    body: dict[str, Any]

    @property
    def hook(self) -> str:
        """The hook by which it was told."""
        return str(self.body["eventType"])


class SampleApp:
    """What the app serves: its descriptor, as it is now; and what it was told."""

    def __init__(self, base_url: str, changes: Mapping[str, Any]) -> None:
        self.told: list[Told] = []
        self.opened: list[str] = []
        """The pages that were opened, with their queries."""
        self.answer: Callable[[BaseHTTPRequestHandler, Told], None] = _take
        """How it answers what it is told."""
        self.url = f"{base_url}/atlassian-connect.json"
        self.descriptor = PAID | {"baseUrl": base_url} | dict(changes)

    async def until_told(self, *hooks: str) -> list[Told]:
        """What it was told so far, at least as much as this, and that first."""
        async with asyncio.timeout(20):
            while len(self.told) < len(hooks):
                await asyncio.sleep(0.02)
        told = self.told[: len(hooks)]
        assert [row.hook for row in told] == [*hooks]
        return told

    def change(self, **members: Any) -> None:
        """Serve another descriptor from now on."""
        self.descriptor = self.descriptor | members


@contextmanager
def sample_app(changes: Mapping[str, Any] | None = None) -> Iterator[SampleApp]:
    """Serve the descriptor of a paid app, with `changes`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """The page is opened; any other path gives the descriptor."""
            if self.path.startswith("/page"):
                app.opened.append(self.path)
            body = json.dumps(app.descriptor).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            """Any path takes a hook."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told = Told(self.path, self.headers, json.loads(body))
            app.told.append(told)
            app.answer(self, told)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    app = SampleApp(f"http://127.0.0.1:{server.server_port}", changes or {})
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()


def answering(status: int, body: bytes = b"", **headers: str) -> Callable[..., None]:
    """Answers every hook so."""

    def answer(handler: BaseHTTPRequestHandler, told: Told) -> None:
        del told
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


_take = answering(204)
