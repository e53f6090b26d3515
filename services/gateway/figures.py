"""What is counted: the hooks that apps were told, and the requests that were refused."""

from collections import Counter as Counts

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from pydantic import BaseModel

from services.installation.events import HookAnswered
from shared.subjects import EVENTS, REFUSALS

_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds; an app has 10 to answer."""
_ANSWERS = {status: f"{status}xx" for status in (2, 3, 4, 5)}
_LONGEST = 64
"""Characters of a label: as many as the longest app key has."""


class Refusal(BaseModel):
    """As much of a refusal as is counted; of a malformed request no command is known."""

    command: str = "malformed"
    code: str


class Figures:
    """Counted from the beginning of both streams on, so the same wherever they are counted."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.places: Counts[str] = Counts()
        """By stream, how far it was counted."""
        self._hooks = Counter(
            "guestlist_hook_attempts",
            "Hooks that an app was told, by how it answered.",
            ("app", "hook", "outcome", "answer"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "guestlist_hook_duration_seconds",
            "How long it took to tell an app a hook.",
            ("app",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._refusals = Counter(
            "guestlist_refusals",
            "Requests that were refused, by the code that was answered.",
            ("command", "code"),
            registry=self.registry,
        )
        self._position = Gauge(
            "guestlist_audit_position",
            "The last place in a stream that was counted.",
            ("stream",),
            registry=self.registry,
        )
        for stream in (EVENTS, REFUSALS):
            self.reach(stream, 0)

    def count(self, told: HookAnswered | Refusal) -> None:
        """Count one more."""
        match told:
            case HookAnswered():
                self._count_hook(told)
            case Refusal():
                self._refusals.labels(told.command[:_LONGEST], told.code[:_LONGEST]).inc()

    def reach(self, stream: str, place: int) -> None:
        """All up to that place of a stream was counted."""
        self.places[stream] = place
        self._position.labels(stream).set(place)

    def _count_hook(self, told: HookAnswered) -> None:
        app = told.app_key[:_LONGEST]
        self._hooks.labels(app, told.hook, told.outcome, _answer(told.status)).inc()
        if told.outcome != "not-sent":
            self._seconds.labels(app).observe(told.milliseconds / 1000)


def _answer(status: int | None) -> str:
    return "none" if status is None else _ANSWERS.get(status // 100, "other")
