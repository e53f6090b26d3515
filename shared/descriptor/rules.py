"""The rules that a JSON schema can't say: where URLs lead, what is left unfilled, scopes."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from shared.descriptor import refusals
from shared.descriptor.schema import HOOKS
from shared.errors import Refusal
from shared.names import APP_KEY_LENGTH, is_app_key
from shared.scopes import SCOPES, included

Found = tuple[str, Refusal]
"""A JSON pointer, and the rule that is broken there."""

_TEMPLATE = re.compile(r"\{\{|\$\{")
_BASE_URL = re.compile(r"https?://[!\"$->A-\[\]-~]+", re.IGNORECASE)
"""Printable ASCII but for `# ? @` and backslash: what is appended to it becomes its path."""
_HOOK = re.compile(r"[!-\"$-\[\]-~]+")
"""Printable ASCII but for `#` and backslash."""
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def broken(content: Mapping[str, Any], *, development: bool) -> Iterator[Found]:
    """The rules that a descriptor breaks; members of a wrong type are left to the schema."""
    yield from _key(content.get("key"))
    yield from _base_url(content.get("baseUrl"), development=development)
    yield from _authentication(content)
    yield from _hooks(content)
    yield from _scopes(content)
    version = content.get("apiVersion")
    if isinstance(version, float) and version.is_integer():
        yield "/apiVersion", _invalid("/apiVersion", "1.0 is no integer here, 1 is")


def _key(key: object) -> Iterator[Found]:
    if isinstance(key, str) and _TEMPLATE.search(key):
        yield "/key", refusals.DescriptorTemplateLeft(path="/key")
    elif isinstance(key, str) and 0 < len(key) <= APP_KEY_LENGTH and not is_app_key(key):
        yield "/key", refusals.DescriptorKeyInvalid()


def _base_url(base_url: object, *, development: bool) -> Iterator[Found]:
    if not isinstance(base_url, str) or not base_url:
        return
    unfilled = _TEMPLATE.search(base_url) is not None
    if unfilled:
        yield "/baseUrl", refusals.DescriptorTemplateLeft(path="/baseUrl")
    if "://" not in base_url:
        yield "/baseUrl", refusals.DescriptorBaseUrlNoScheme()
    elif unfilled:
        return
    elif _authority(base_url) is None:
        yield "/baseUrl", refusals.DescriptorBaseUrlInvalid()
    elif base_url.lower().startswith("http:") and not development:
        yield "/baseUrl", refusals.DescriptorBaseUrlNoTls()


def _authority(base_url: object) -> str | None:
    """Host and port of a usable base URL."""
    if not isinstance(base_url, str) or _BASE_URL.fullmatch(base_url) is None:
        return None
    try:
        parts = urlsplit(base_url)
        usable = bool(parts.hostname) and parts.port != 0 and not parts.netloc.endswith(":")
    except ValueError:
        return None
    return parts.netloc if usable else None


def _authentication(content: Mapping[str, Any]) -> Iterator[Found]:
    way = _object(content.get("authentication")).get("type")
    if not isinstance(way, str):
        return
    if way.lower() not in ("jwt", "none"):
        yield "/authentication/type", refusals.DescriptorAuthUnsupported()
    installed = _object(content.get("lifecycle")).get("installed")
    if way.lower() == "jwt" and not (isinstance(installed, str) and installed):
        yield "/lifecycle/installed", refusals.DescriptorAuthNeedsInstalledHook()


def _hooks(content: Mapping[str, Any]) -> Iterator[Found]:
    for name in HOOKS:
        hook = _object(content.get("lifecycle")).get(name)
        if isinstance(hook, str) and hook:
            yield from _hook(f"/lifecycle/{name}", hook, content.get("baseUrl"))


def _hook(path: str, hook: str, base_url: object) -> Iterator[Found]:
    name, authority = path.rpartition("/")[2], _authority(base_url)
    if _TEMPLATE.search(hook):
        yield path, refusals.DescriptorTemplateLeft(path=path)
    elif _ABSOLUTE.match(hook):
        yield path, refusals.DescriptorHookAbsolute(hook=name)
    elif _HOOK.fullmatch(hook) is None:
        yield path, _invalid(path, "it has characters that no path of a URL has")
    elif authority is not None and _authority(f"{base_url}{hook.partition('?')[0]}") != authority:
        yield path, refusals.DescriptorHookOtherHost(hook=name)


def _scopes(content: Mapping[str, Any]) -> Iterator[Found]:
    scopes = content.get("scopes")
    known = []
    for place, scope in enumerate(scopes if isinstance(scopes, list) else []):
        if isinstance(scope, str) and scope.upper() in SCOPES:
            known.append(scope)
        elif isinstance(scope, str):
            refusal = refusals.DescriptorScopeUnknown(scope=ascii(scope)[1:-1][:100])
            yield f"/scopes/{place}", refusal
    if _object(content.get("modules")).get("webhooks") and "READ" not in included(known):
        path = "/modules/webhooks"
        yield path, refusals.DescriptorScopeMissing(path=path, scope="READ")


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _invalid(path: str, reason: str) -> Refusal:
    return refusals.DescriptorInvalid(path=path, reason=reason)
