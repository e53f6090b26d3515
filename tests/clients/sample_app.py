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


@contextmanager
def sample_app(changes: Mapping[str, Any] | None = None) -> Iterator[str]:
    """Serve the descriptor of a paid app, with `changes`; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Any path gives the descriptor."""
            body = json.dumps(descriptor).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    base_url = f"http://127.0.0.1:{server.server_port}"
    descriptor = PAID | {"baseUrl": base_url} | dict(changes or {})
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"{base_url}/atlassian-connect.json"
    finally:
        server.shutdown()
        server.server_close()
