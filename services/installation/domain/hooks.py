"""Hooks: what an app wants to be told of its life on a site."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic import JsonValue

from services.installation import refusals
from services.installation.commands import AnswerHook, Hook
from services.installation.events import InstallRequested
from shared.errors import Refusal

UNTAKEN = frozenset(
    kind.CODE for kind in (refusals.HookRefused, refusals.HookTimeout, refusals.HookUnreachable)
)
"""With one of these an install ends when its app doesn't take it."""


@dataclass(frozen=True)
class Due:
    """Something that an app is to be told, because of the event with that version of its site."""

    cause: int
    hook: Hook
    request: InstallRequested
    """What led to the version that is to be told."""


@dataclass(frozen=True)
class Telling:
    """What an app is to be told next, with all that is told of its site."""

    due: Due
    product: str
    base_url: str
    cloud_id: str
    install: bool
    """Whether an install waits for it."""

    @property
    def request(self) -> InstallRequested:
        """What led to the version that is to be told."""
        return self.due.request


def wanted(descriptor: Mapping[str, JsonValue]) -> dict[Hook, str]:
    """The hooks in a descriptor, with their paths beneath its base URL."""
    lifecycle = descriptor.get("lifecycle")
    if not isinstance(lifecycle, dict):
        return {}
    paths = {hook: lifecycle.get(hook) for hook in get_args(Hook)}
    return {hook: path for hook, path in paths.items() if isinstance(path, str)}


def not_taken(answer: AnswerHook) -> Refusal | None:
    """Why an app didn't take what it was told, so that an install ends badly."""
    match answer.outcome:
        case "refused":
            return refusals.HookRefused(url=answer.url, status=answer.status)
        case "timeout":
            return refusals.HookTimeout(url=answer.url)
        case "unreachable":
            return refusals.HookUnreachable(url=answer.url, reason=answer.head)
    return None
