"""Which messages of a stream somebody wants."""

from dataclasses import dataclass
from typing import Any, Protocol

from shared.names import fold
from shared.subjects import encode


class Told(Protocol):
    """What can be told of a message of a stream, of whichever kind."""

    @property
    def type(self) -> str:
        """`<service>.<Name>`."""

    @property
    def actor(self) -> str | None:
        """The account by which it came about."""

    @property
    def correlation_id(self) -> str | None:
        """The flow to which it belongs."""

    @property
    def about(self) -> dict[str, Any]:
        """The fields that say which app and site it is about, and others."""


@dataclass(frozen=True)
class Wanted:
    """A message has to be one of each: of these services, of these types, about these apps …

    What is empty lets all through.
    """

    services: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    """`<service>.<Name>`."""
    apps: frozenset[str] = frozenset()
    """Folded keys."""
    sites: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()
    correlation_id: str | None = None

    def __call__(self, message: Told) -> bool:
        """Whether that is one of them."""
        service = message.type.partition(".")[0]
        return (
            _among(self.services, service)
            and _among(self.types, message.type)
            and _among(self.actors, message.actor)
            and self.correlation_id in (None, message.correlation_id)
            and (not (self.apps or self.sites) or self._is_about(message.about))
        )

    def subject(self) -> str:
        """The narrowest subject under which all wanted events are published."""
        kind = _only(self.types) or f"{_only(self.services) or '*'}.*"
        app = _only(self.apps)
        return f"evt.{kind}.{'*' if app is None else encode(app)}"

    def _is_about(self, fields: dict[str, Any]) -> bool:
        app_key = fields.get("app_key")
        app = None if app_key is None else fold(app_key)
        return _among(self.apps, app) and _among(self.sites, fields.get("site_id"))


EVERYTHING = Wanted()


def _among(wanted: frozenset[str], value: str | None) -> bool:
    return not wanted or value in wanted


def _only(wanted: frozenset[str]) -> str | None:
    return next(iter(wanted)) if len(wanted) == 1 else None
