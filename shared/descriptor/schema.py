"""The part of the rules that a JSON schema can say, narrowed to what the cloud takes.

It is lenient where the published schema is not: unknown members are allowed everywhere, and
modules are only looked at as a whole, because strict validation refuses descriptors that work.
"""

from typing import Any

from shared.names import APP_KEY_LENGTH

HOOKS = ("installed", "enabled", "disabled", "uninstalled")


def _text(longest: int, least: int = 0) -> dict[str, Any]:
    return {"type": "string", "minLength": least, "maxLength": longest}


SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "key": _text(APP_KEY_LENGTH, 1),
        "baseUrl": _text(200, 1),
        "authentication": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"type": "string"}},
        },
        "lifecycle": {
            "type": "object",
            "properties": {hook: {"type": "string", "minLength": 1} for hook in HOOKS},
        },
        "name": _text(80),
        "description": _text(1400),
        "vendor": {"type": "object", "properties": {"name": _text(100), "url": _text(200)}},
        "links": {"type": "object"},
        "enableLicensing": {"type": "boolean"},
        "scopes": {"type": "array", "items": {"type": "string"}},
        "apiVersion": {"type": "integer"},
        "apiMigrations": {"type": "object"},
        "modules": {"type": "object"},
    },
}
