"""Aggregates: decide by a plain method that checks and records, change only by evolving."""

from typing import ClassVar, Self

from shared.messages import Event


class Aggregate:
    """One identity with its history.

    A command method checks its rules and then calls `record`; `evolve` only assigns and
    never raises, because it runs again whenever history is replayed.
    """

    KIND: ClassVar[str]

    def __init__(self, key: str) -> None:
        self.key = key
        self.version = 0
        self.pending: list[Event] = []

    @classmethod
    def id_of(cls, key: str) -> str:
        """The id under which the history of `key` is stored."""
        return f"{cls.KIND}/{key}"

    @property
    def id(self) -> str:
        """The id under which this history is stored."""
        return self.id_of(self.key)

    def labels(self) -> frozenset[str]:
        """By what else than its id it is found now; kept beside its events, `kind:value`."""
        return frozenset()

    def record(self, event: Event) -> None:
        """Let `event` happen; it is stored with the next commit."""
        self.replay(event)
        self.pending.append(event)

    def replay(self, event: Event) -> Self:
        """Let an event that was stored before happen again."""
        self.evolve(event)
        self.version += 1
        return self

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # mutable: compared by state, never a key
