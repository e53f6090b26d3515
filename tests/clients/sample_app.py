"""A small Connect app, served over HTTP on this machine."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAID: dict[str, Any] = {
    "key": "com.example.roadmap",
    "name": "Roadmap",
    "vendor": {"name": "Example"},
    "authentication": {"type": "none"},
    "enableLicensing": True,
    "modules": {},
}


class SampleApp:
    """What the app serves: its descriptor, as it is now."""

    def __init__(self, base_url: str, changes: Mapping[str, Any]) -> None:
        self.url = f"{base_url}/atlassian-connect.json"
        self.descriptor = PAID | {"baseUrl": base_url} | dict(changes)

    def change(self, **members: Any) -> None:
        """Serve another descriptor from now on."""
        self.descriptor = self.descriptor | members


@contextmanager
def sample_app(changes: Mapping[str, Any] | None = None) -> Iterator[SampleApp]:
    """Serve the descriptor of a paid app, with `changes`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Any path gives the descriptor."""
            body = json.dumps(app.descriptor).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

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
