"""Descriptor: what a valid one says, as far as the marketplace goes by it."""

from typing import Any, Literal

from pydantic import JsonValue, TypeAdapter

from shared.descriptor.problems import Problem, found, parsed, problems
from shared.errors import Refusal
from shared.messages import Message

_TOLD = 20
"""Problems that a refusal tells."""
_PROBLEMS = TypeAdapter(tuple[Problem, ...])


class Descriptor(Message):
    """A valid descriptor with the facts that decide how its app is listed and installed."""

    key: str
    name: str
    vendor: str | None
    authentication: Literal["jwt", "none"]
    base_url: str
    licensing: bool
    api_version: int
    scopes: tuple[str, ...]
    """In capitals and in order."""
    content: dict[str, JsonValue]

    @classmethod
    def read(cls, body: bytes, *, development: bool = False) -> "Descriptor":
        """Read and check a descriptor. In development mode baseUrl may be http.

        Raises the refusal of the first rule that is broken; its data has all `problems`.
        """
        content = parsed(body)
        rows = found(content, development=development)
        if rows:
            raise _refusal(rows[0][1], problems(rows))
        return cls.of(content)

    @classmethod
    def of(cls, content: dict[str, Any]) -> "Descriptor":
        """The facts of a content that was checked before."""
        return cls(
            key=content["key"],
            name=content.get("name", content["key"]),
            vendor=content.get("vendor", {}).get("name"),
            authentication=content["authentication"]["type"].lower(),
            base_url=content["baseUrl"],
            licensing=content.get("enableLicensing", False),
            api_version=max(content.get("apiVersion", 1), 1),
            scopes=tuple(sorted({scope.upper() for scope in content.get("scopes", ())})),
            content=content,
        )


def _refusal(first: Refusal, all_problems: tuple[Problem, ...]) -> Refusal:
    told = _PROBLEMS.dump_python(all_problems[:_TOLD], mode="json")
    more = len(all_problems) - len(told)
    first.data = first.data | {"problems": told} | ({"more": more} if more else {})
    return first
