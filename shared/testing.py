"""Given events, when one command, then events or one refusal: real stores, no servers.

scenario.given(AppTokens, "com.example.app", ListingSeen(...))
scenario.when(CreateToken(app_key="com.example.app"), actor="ann")
scenario.then(TokenCreated(...))
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from shared.aggregate import Aggregate
from shared.deciding import Reveal
from shared.errors import Refusal
from shared.handlers import Need, Prepared, routes
from shared.inbox import Inbox, policies_of
from shared.messages import (
    Accepted,
    Answer,
    Answered,
    Command,
    Envelope,
    Event,
    Failed,
    Meta,
    Query,
    Refused,
    Reply,
    Request,
)
from shared.names import Position
from shared.pipeline import Pipeline
from shared.published import Published
from shared.requests import Asked
from shared.sqlite import open_sqlite
from shared.store import Store

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
"""When everything happens, unless another time is given."""
_META = Meta(actor="given", command_id=None, correlation_id="given", causation_id="-", time=NOW)


class Scenario:
    """One service with its history in a folder. `parts` have its handlers and views."""

    def __init__(
        self,
        folder: Path,
        service: str,
        *parts: object,
        policies: object | None = None,
        reveal: Reveal = lambda _, text: text,
    ) -> None:
        self.store = Store(service, open_sqlite(folder / f"{service}.sqlite"))
        self.prepared: Prepared | None = None
        """What comes of whatever is needed."""
        self.needed: list[Need[Any]] = []
        """What was needed, in order."""
        table = {name: route for part in parts for name, route in routes(part).items()}
        self._now = NOW
        self._pipeline = Pipeline(
            self.store, table, prepare=self._prepare, reveal=reveal, now=lambda: self._now
        )
        self._policies = policies_of(policies) if policies is not None else {}
        self._versions: dict[tuple[str, str], int] = {}
        self._ids = count(1)
        self._before = 0
        self._reply: Reply | None = None

    def given(self, kind: type[Aggregate], key: str, *events: Event) -> "Scenario":
        """These events happened to an aggregate."""
        aggregate = self.store.load(kind, key)
        for event in events:
            aggregate.record(event)
        self.store.commit(self.store.draft([aggregate], _META))
        return self

    def when(self, command: Command, *, actor: str, now: datetime = NOW) -> "Scenario":
        """An account asks for something."""
        self._before = self.store.log_end()
        reply: Any = self._answer(command, actor, now)
        self._reply = reply
        return self

    def when_told(self, event: Event, *, service: str, aggregate: str) -> "Scenario":
        """The next event of another service's aggregate arrives."""
        self._before, self._reply = self.store.log_end(), None
        version = self._versions.get((service, aggregate), 0) + 1
        self._versions[service, aggregate] = version
        position = Position(service, aggregate, version)
        body = event.model_dump_json().encode()
        published = Published(event.TOPIC, position, _META, version, "given", body)
        handled = Inbox(service, self._policies, self._pipeline).handle([published])
        assert handled == [True], handled  # noqa: S101
        return self

    def then(self, *events: Event) -> "Scenario":
        """Exactly these events happened, in this order; without any the command had no effect."""
        if isinstance(self._reply, Refused | Failed):
            raise AssertionError(f"not accepted: {self._reply!r}")
        happened = [*self._happened()]
        if happened != [*events]:
            raise AssertionError(f"{_lines('happened', happened)}\n{_lines('expected', events)}")
        return self

    def then_refused(self, refusal: Refusal) -> "Scenario":
        """The command was refused by this rule with this data, and nothing happened."""
        happened = [*self._happened()]
        if not isinstance(self._reply, Refused):
            raise AssertionError(f"{self._reply}\n{_lines('happened', happened)}")
        told, expected = (self._reply.code, self._reply.data), (refusal.code, refusal.data)
        if told != expected or happened:
            raise AssertionError(f"refused: {told}\nexpected: {expected}")
        return self

    @property
    def result(self) -> dict[str, Any]:
        """What an accepted command gave."""
        if not isinstance(self._reply, Accepted):
            raise AssertionError(f"not accepted: {self._reply}")
        return dict(self._reply.result)

    def ask(self, query: Query, *, actor: str) -> dict[str, Any]:
        """The data of an answer."""
        answer: Answer | Any = self._answer(query, actor, NOW)
        if not isinstance(answer, Answered):
            raise AssertionError(f"not answered: {answer}")
        return dict(answer.data)

    def ask_refused(self, query: Query, refusal: Refusal, *, actor: str) -> None:
        """The query is refused by this rule with this data."""
        answer: Answer | Any = self._answer(query, actor, NOW)
        if not isinstance(answer, Refused) or (answer.code, answer.data) != (
            refusal.code,
            refusal.data,
        ):
            raise AssertionError(f"{answer}\nexpected: {refusal.code} {refusal.data}")

    def close(self) -> None:
        """Let the thread end."""
        self._pipeline.close()

    def _answer(self, request: Request, actor: str, now: datetime) -> Reply | Answer:
        self._now = now
        id_ = f"request-{next(self._ids)}"
        envelope = Envelope(id=id_, actor=actor, time=now, correlation_id=id_)
        return asyncio.run(self._pipeline.answer(Asked(request, envelope)))

    async def _prepare(self, need: Need[Any], envelope: Envelope) -> Prepared:
        del envelope
        self.needed.append(need)
        if self.prepared is None:
            raise AssertionError(f"{need} was needed")
        return self.prepared

    def _happened(self) -> list[Event]:
        rows = self.store.log_after(self._before, 1000)
        return [self.store.mapper.to_domain_event(row).event for row in rows]


def _lines(title: str, events: Sequence[Event]) -> str:
    return "\n  ".join([f"{title}:", *(map(repr, events) if events else ["nothing"])])
