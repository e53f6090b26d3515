"""Hooks: what an app wants to be told of its life on a site."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

from pydantic import JsonValue

from services.installation import refusals
from services.installation.commands import Hook
from services.installation.events import HookAnswered, InstallRequested
from services.installation.steps import AnswerHook
from shared.errors import Refusal

KEPT = 20
"""Answers that are shown; the audit has them all."""
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


@dataclass
class Hooks:
    """What an app is still to be told, in this order, and how it took what it was told last."""

    due: tuple[Due, ...] = ()
    answers: tuple[HookAnswered, ...] = ()

    def find(self, cause: int, hook: Hook) -> Due | None:
        """That which is due, if it still is."""
        return next((row for row in self.due if (row.cause, row.hook) == (cause, hook)), None)

    def is_last(self, request: InstallRequested, hook: Hook) -> bool:
        """Whether that is due, and nothing after it."""
        last = self.due[-1] if self.due else None
        return last is not None and (last.request, last.hook) == (request, hook)

    def add(self, cause: int, request: InstallRequested, *hooks: Hook) -> None:
        """Let this be due, as far as the app wants to be told."""
        due = [Due(cause, hook, request) for hook in hooks if hook in request.hooks]
        self.due = (*self.due, *due)

    def drop(self, request: InstallRequested) -> None:
        """Let nothing be due any more that an install brought."""
        self.due = tuple(row for row in self.due if row.request != request)

    def rebind(self, before: InstallRequested | None, now: InstallRequested) -> None:
        """Let the app be told what is due as the install that just ended has it.

        What its version doesn't want to be told any more isn't due any more.
        """
        self.due = tuple(
            replace(row, request=now) if row.request == before else row
            for row in self.due
            if row.request != before or row.hook in now.hooks
        )

    def settle(self, answered: HookAnswered) -> None:
        """Take over how something was taken, so that it isn't due any more."""
        done = self.find(answered.cause, answered.hook)
        self.due = tuple(row for row in self.due if row is not done)
        self.answers = (*self.answers, answered)[-KEPT:]


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
