"""The ports on which `guestlist up` listens."""

import socket

_TRIED = 1000


class NotStarted(Exception):
    """Something didn't come up in time; its log tells why."""


def free_port(usual: int, wanted: int | None) -> int:
    """That port, or the first free one from the usual one on; raises NotStarted."""
    first, count = (usual, _TRIED) if wanted is None else (wanted, 1)
    for port in range(first, min(first + count, 1 << 16)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise NotStarted(f"port {first} is in use" if count == 1 else f"no port from {first} is free")
