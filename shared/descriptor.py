"""Reading an app descriptor (`atlassian-connect.json`) and the rules for it.

Source: the published schema (npm atlassian-connect-express 7.4.0, test/jira-global-schema.json)
and the cloud's own limits where they are narrower.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from shared.errors import Refusal
from shared.messages import Message
from shared.names import APP_KEY_LENGTH, is_app_key

MAX_DEPTH = 20
BASE_URL_LENGTH = 200
_BASE_URL = re.compile(r"https?://[!\"$->A-\[\]-~]+", re.IGNORECASE)
"""Printable ASCII but for `# ? @` and backslash: what is appended to it becomes its path."""
_TEMPLATE = re.compile(r"\{\{|\$\{")


class DescriptorNotJson(Refusal, hint="check it with any JSON tool"):
    """The descriptor isn't a JSON object: {reason}."""


class DescriptorMemberTwice(Refusal, hint="remove one of the two"):
    """The member {member} occurs twice in one object of the descriptor."""


class DescriptorInvalid(Refusal, hint="compare with the published schema"):
    """The descriptor is wrong at {path}: {reason}."""


class DescriptorKeyInvalid(Refusal, hint="use letters, digits, . - and _"):
    """The descriptor's key is no app key."""


class DescriptorKeyTooLong(Refusal, hint="choose a key of at most 64 characters"):
    """The descriptor's key has more than 64 characters."""


class DescriptorBaseUrlNoScheme(Refusal, hint="begin it with https://"):
    """The descriptor's baseUrl has no scheme."""


class DescriptorBaseUrlNoTls(Refusal, hint="serve the app over https"):
    """The descriptor's baseUrl isn't https."""


class DescriptorBaseUrlInvalid(Refusal, hint="give an absolute URL of at most 200 characters"):
    """The descriptor's baseUrl is no usable URL."""


class DescriptorAuthUnsupported(Refusal, hint='use {"type": "jwt"} or {"type": "none"}'):
    """The descriptor's authentication is neither jwt nor none."""


class DescriptorAuthNeedsInstalledHook(Refusal, hint="add lifecycle.installed"):
    """An app with authentication jwt needs the lifecycle hook installed."""


class DescriptorTemplateLeft(Refusal, hint="fill the variables before publishing"):
    """A template variable is left in the descriptor's {path}."""


class _MemberTwice(Exception):
    pass


class _TooDeep(Exception):
    pass


class Descriptor(Message):
    """A valid descriptor with the facts that decide how its app is listed and installed."""

    key: str
    name: str
    authentication: Literal["jwt", "none"]
    base_url: str
    licensing: bool
    api_version: int
    content: dict[str, JsonValue]

    @classmethod
    def read(cls, body: bytes, *, development: bool = False) -> "Descriptor":
        """Read and check a descriptor; raises a Descriptor… refusal.

        In development mode baseUrl may be http.
        """
        content = _parsed(body)
        for problem in _problems(content, development=development):
            raise problem
        api_version = content.get("apiVersion", 1)
        return cls(
            key=content["key"],
            name=content.get("name", content["key"]),
            authentication=content["authentication"]["type"].lower(),
            base_url=content["baseUrl"],
            licensing=content.get("enableLicensing", False),
            api_version=max(api_version, 1),
            content=content,
        )


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        content: Any = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_members)
        if not isinstance(content, dict):
            raise DescriptorNotJson(reason="it is another kind of value")
        if _depth(content) > MAX_DEPTH:
            raise _TooDeep
        # what can't be written again (a lone surrogate, an infinite number) can't be published
        content = from_json(to_json(content, inf_nan_mode="constants"), allow_inf_nan=False)
    except _MemberTwice as twice:
        raise DescriptorMemberTwice(member=ascii(str(twice))[1:-1][:100]) from None
    except (_TooDeep, RecursionError):
        raise DescriptorInvalid(path="/", reason=f"nested deeper than {MAX_DEPTH}") from None
    except ValueError as error:
        raise DescriptorNotJson(reason=str(error)[:200]) from None
    return dict(content)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise _MemberTwice(name)
        members[name] = value
    return members


def _depth(value: object) -> int:
    """How many objects and arrays stand around the innermost one, itself included."""
    depth, level = 0, [value]
    while level := [inside for inside in level if isinstance(inside, dict | list)]:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


def _problems(content: dict[str, Any], *, development: bool) -> Iterator[Refusal]:
    yield from _key_problems(content.get("key"))
    yield from _base_url_problems(content.get("baseUrl"), development=development)
    yield from _authentication_problems(content)
    for member, kind in (("name", str), ("enableLicensing", bool), ("apiVersion", int)):
        value = content.get(member, kind())
        if type(value) is not kind:
            yield DescriptorInvalid(path=f"/{member}", reason=f"no {kind.__name__}")


def _key_problems(key: object) -> Iterator[Refusal]:
    if isinstance(key, str) and _TEMPLATE.search(key):
        yield DescriptorTemplateLeft(path="/key")
    elif isinstance(key, str) and len(key) > APP_KEY_LENGTH:
        yield DescriptorKeyTooLong()
    elif not isinstance(key, str) or not is_app_key(key):
        yield DescriptorKeyInvalid()


def _base_url_problems(base_url: object, *, development: bool) -> Iterator[Refusal]:
    if not isinstance(base_url, str) or not base_url or len(base_url) > BASE_URL_LENGTH:
        yield DescriptorBaseUrlInvalid()
    elif _TEMPLATE.search(base_url):
        yield DescriptorTemplateLeft(path="/baseUrl")
    elif "://" not in base_url:
        yield DescriptorBaseUrlNoScheme()
    elif _BASE_URL.fullmatch(base_url) is None or not _has_host(base_url):
        yield DescriptorBaseUrlInvalid()
    elif base_url.lower().startswith("http:") and not development:
        yield DescriptorBaseUrlNoTls()


def _has_host(base_url: str) -> bool:
    try:
        parts = urlsplit(base_url)
        return bool(parts.hostname) and parts.port != 0 and not parts.netloc.endswith(":")
    except ValueError:
        return False


def _authentication_problems(content: dict[str, Any]) -> Iterator[Refusal]:
    authentication = content.get("authentication")
    kind = authentication.get("type") if isinstance(authentication, dict) else None
    if not isinstance(kind, str) or kind.lower() not in ("jwt", "none"):
        yield DescriptorAuthUnsupported()
    elif kind.lower() == "jwt":
        lifecycle = content.get("lifecycle")
        hook = lifecycle.get("installed") if isinstance(lifecycle, dict) else None
        if not isinstance(hook, str) or not hook:
            yield DescriptorAuthNeedsInstalledHook()
