"""`guestlist check`: the verdict on a descriptor before anybody sends it."""

import asyncio
from pathlib import Path
from typing import Any

from services.cli.told import Verdict
from shared.descriptor import Descriptor
from shared.errors import Refusal
from shared.fetch import MAX_BYTES, DescriptorTooLarge, Fetcher


def verdict(source: str, *, development: bool) -> Verdict:
    """Judge the descriptor in a file or behind a URL; raises OSError for a file."""
    try:
        body = _body(source, development=development)
        descriptor = Descriptor.read(body, development=development)
    except Refusal as refusal:
        whole = {"code": refusal.code, "path": "", "detail": refusal.detail, "hint": refusal.hint}
        problems: Any = refusal.data.get("problems") or [whole]
        return Verdict(source=source, accepted=False, problems=tuple(problems))
    return Verdict(source=source, accepted=True, key=descriptor.key)


def _body(source: str, *, development: bool) -> bytes:
    if "://" in source:
        return asyncio.run(Fetcher(development=development).fetch(source))
    with Path(source).open("rb") as file:
        body = file.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise DescriptorTooLarge(url=source)
    return body
