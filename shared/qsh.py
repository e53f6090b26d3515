"""The query string hash, by which a JWT is good for one request only.

https://developer.atlassian.com/cloud/jira/platform/understanding-jwt/#qsh
"""

import hashlib
from collections import defaultdict
from urllib.parse import parse_qsl, quote

CONTEXT = "context-qsh"
"""Stands in the JWT of a page's context instead; it is good for no other request."""


def qsh(method: str, path: str, query: str) -> str:
    """The hash of a request; `path` lacks what stands before it in the base URL."""
    return hashlib.sha256(canonical(method, path, query).encode()).hexdigest()


def canonical(method: str, path: str, query: str) -> str:
    """The text that is hashed."""
    path = path.replace("&", "%26")
    if len(path) > 1:
        path = path.removesuffix("/")
    return f"{method.upper()}&{path or '/'}&{_sorted(query)}"


def _sorted(query: str) -> str:
    given = defaultdict(list)
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name != "jwt":
            given[name].append(value)
    encoded = {_encoded(name): [_encoded(value) for value in sorted(given[name])] for name in given}
    return "&".join(f"{name}={','.join(values)}" for name, values in sorted(encoded.items()))


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
