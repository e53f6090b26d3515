"""Everything that is wrong with a descriptor, at once."""

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic_core import from_json, to_json

from shared.descriptor import refusals
from shared.descriptor.rules import Found, broken
from shared.descriptor.schema import SCHEMA
from shared.errors import Refusal
from shared.messages import Message

MAX_DEPTH = 20
"""How deep objects and arrays may stand in each other."""
_ORDER = ("/key", "/baseUrl", "/authentication", "/lifecycle", "/scopes", "/modules")
_NEEDED: dict[str, type[Refusal]] = {
    "/key": refusals.DescriptorKeyInvalid,
    "/baseUrl": refusals.DescriptorBaseUrlInvalid,
    "/authentication": refusals.DescriptorAuthUnsupported,
}
"""What has to be there, and how it is refused whatever the schema finds there."""
_REASONS = {
    "type": "it is no {}",
    "minLength": "it is empty",
    "maxLength": "it has more than {} characters",
}
_schema = Draft202012Validator(SCHEMA)


class Problem(Message):
    """One rule that a descriptor breaks; `path` is a JSON pointer."""

    code: str
    path: str
    detail: str
    hint: str


class _MemberTwice(Exception):
    pass


class _TooDeep(Exception):
    pass


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`.

    Raises DescriptorNotJson, DescriptorMemberTwice, DescriptorInvalid: then nothing else of it
    can be told.
    """
    try:
        content: Any = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_members)
        if not isinstance(content, dict):
            raise refusals.DescriptorNotJson(reason="it is another kind of value")
        if _depth(content) > MAX_DEPTH:
            raise _TooDeep
        # what can't be written again (a lone surrogate, an infinite number) can't be published
        return dict(from_json(to_json(content, inf_nan_mode="constants"), allow_inf_nan=False))
    except _MemberTwice as twice:
        raise refusals.DescriptorMemberTwice(member=ascii(str(twice))[1:-1][:100]) from None
    except (_TooDeep, RecursionError):
        reason = f"nested deeper than {MAX_DEPTH}"
        raise refusals.DescriptorInvalid(path="", reason=reason) from None
    except ValueError as error:
        raise refusals.DescriptorNotJson(reason=str(error)[:200]) from None


def found(content: dict[str, Any], *, development: bool) -> list[Found]:
    """The rules that a descriptor breaks, in the order in which it is read."""
    rows = [*_missing(content), *broken(content, development=development), *_by_schema(content)]
    first = {path: place for place, path in enumerate(_ORDER)}
    return sorted(rows, key=lambda row: first.get(_top(row[0]), len(first)))


def problems(rows: list[Found]) -> tuple[Problem, ...]:
    """Broken rules as they are told."""
    return tuple(
        Problem(code=why.code, path=path, detail=why.detail, hint=why.hint) for path, why in rows
    )


def _missing(content: dict[str, Any]) -> Iterator[Found]:
    for path, kind in _NEEDED.items():
        if path[1:] not in content:
            yield path, kind()


def _by_schema(content: dict[str, Any]) -> Iterator[Found]:
    for error in _schema.iter_errors(content):
        path = "".join(f"/{part}" for part in error.absolute_path)
        top = _top(path)
        if top == "/key" and error.validator == "maxLength":
            yield path, refusals.DescriptorKeyTooLong()
        elif top in _NEEDED:
            yield path, _NEEDED[top]()
        else:
            yield path, refusals.DescriptorInvalid(path=path, reason=_reason(error))


def _reason(error: ValidationError) -> str:
    """What the schema wants, without the value, which may be long."""
    return _REASONS[str(error.validator)].format(error.validator_value)


def _top(path: str) -> str:
    return "/" + path[1:].partition("/")[0]


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
