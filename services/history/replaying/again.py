"""Lets recorded history happen again with the code of this tree, and decides commands again.

`python -m services.history.replaying.again [AGGREGATE…]` reads a recording from stdin. For each
command it tells what is decided now; at the end of a service, for each aggregate, its version and
a hash over all states that it ever had. With aggregates it tells their states after each event
instead. It writes to nothing but stdout, connects to nothing, and opens no store.
"""

import copy
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from services import contract
from services.history.kinds import begin
from services.history.replaying.recording import NOT_DECIDED, Decision, Line, stored_of
from services.history.rules import routes_of
from shared.aggregate import Aggregate
from shared.command_log import CommandRow, request_hash
from shared.errors import Refusal
from shared.handlers import Context, Needed, Prepared, Route, prepared_again
from shared.keys import Keys, is_masked
from shared.links import Link
from shared.messages import Command
from shared.names import Position
from shared.records import RecordMapper
from shared.settings import Settings
from shared.states import state_of

A = TypeVar("A", bound=Aggregate)


class Past:
    """The aggregates of a service, as they were when each event had just happened."""

    def __init__(self, service: str, routes: dict[str, Route], keys: Keys | None) -> None:
        self.service = service
        self._routes = routes
        self._keys = keys
        self._mapper = RecordMapper()
        self._aggregates: dict[str, Aggregate] = {}
        self._hashes: dict[str, str] = {}
        self._broken: dict[str, str] = {}

    def load(self, kind: type[A], key: str) -> A:
        """An aggregate as it was."""
        known = self._aggregates.get(kind.id_of(key))
        return known if isinstance(known, kind) else kind(key)

    def labelled(self, kind: type[A], label: str) -> list[A]:
        """The aggregates that carried a label, in the order of their ids."""
        known = [row for row in self._aggregates.values() if isinstance(row, kind)]
        return sorted((row for row in known if label in row.labels()), key=lambda row: row.id)

    def happen(self, line: Line) -> str:
        """Let a recorded event happen; gives its aggregate. What can't ends that history here."""
        row = stored_of(line)
        id_ = row.originator_id
        if id_ in self._broken:
            return id_
        try:
            aggregate = self._aggregates.get(id_) or begin(self.service, id_)
            aggregate.replay(self._mapper.to_event(row))
        except Exception as error:
            self._broken[id_] = f"@{row.originator_version} {type(error).__name__}: {error}"
            return id_
        self._aggregates[id_] = aggregate
        before = self._hashes.get(id_, "")
        state = before + json.dumps(state_of(aggregate), sort_keys=True)
        self._hashes[id_] = hashlib.sha256(state.encode()).hexdigest()
        return id_

    def state(self, id_: str) -> Any:
        """The state of an aggregate, or why it has none."""
        if id_ in self._broken:
            return self._broken[id_]
        return state_of(self._aggregates[id_])

    def hashes(self) -> Iterator[Line]:
        """All aggregates with their versions, and what tells their histories apart."""
        for id_, aggregate in self._aggregates.items():
            told = self._broken.get(id_, self._hashes[id_])
            yield {"aggregate": f"{self.service}/{id_}@{aggregate.version}", "hash": told}
        for id_ in self._broken.keys() - self._aggregates.keys():
            yield {"aggregate": f"{self.service}/{id_}@0", "hash": self._broken[id_]}

    def decide(self, row: CommandRow) -> Decision:
        """Decide a command again."""
        route = self._routes.get(row.name)
        if route is None:
            return Decision(row.command_id, row.name, "", "no such command", [])
        aggregate = copy.deepcopy(self.load(route.aggregate, row.key))
        where = str(Position(self.service, aggregate.id, aggregate.version))
        outcome = self._outcome(route, row, aggregate)
        events = [[event.TOPIC, event.model_dump(mode="json")] for event in aggregate.pending]
        accepted = outcome == "accepted"
        return Decision(row.command_id, row.name, where, outcome, events if accepted else [])

    def _outcome(self, route: Route, row: CommandRow, aggregate: Aggregate) -> str:
        try:
            command = _asked(route, row, self._keys)
            if command is None:
                return NOT_DECIDED
            self._handle(route, command, row, aggregate, None)
        except ValidationError as error:
            return f"unreadable: {error.errors()[0]['msg']}"
        except Refusal as refusal:
            return refusal.code
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return "accepted"

    def _handle(
        self,
        route: Route,
        command: Any,
        row: CommandRow,
        aggregate: Aggregate,
        prepared: Prepared | None,
    ) -> None:
        time = datetime.fromisoformat(row.time)
        context = Context(row.actor, row.command_id, time, self, prepared)
        try:
            route.handle(command, aggregate, context)
        except Needed as needed:
            kept = json.loads(row.prepared or "null")
            if prepared is not None or kept is None:
                raise
            again = prepared_again(needed.need, kept)
            self._handle(route, command, row, aggregate, again)


def _asked(route: Route, row: CommandRow, keys: Keys | None) -> Any:
    """The command as it was; None where it had a token that these keys don't make.

    Of a text that looks like a masked token only its hash tells whether it was one. Raises
    ValidationError.
    """
    command = route.request.model_validate_json(row.body)
    if not is_masked(row.body):
        return command
    bodies = [row.body] if keys is None else [row.body, _whole(row, keys)]
    for body in bodies:
        command = route.request.model_validate_json(body)
        if isinstance(command, Command) and request_hash(command, row.actor) == row.request_hash:
            return command
    return None


def _whole(row: CommandRow, keys: Keys) -> str:
    """The body of a command with its token, which is of the app that it names."""
    body = json.loads(row.body)
    app_key = body.get("app_key", row.key)
    with suppress(ValueError):
        app_key = Link.read(body.get("url") or "").app_key
    return keys.unmask(app_key, row.body)


def told(lines: Iterable[Line], wanted: set[str]) -> Iterator[Line]:
    """What is told of a recording; of these aggregates alone, if there are any."""
    settings = Settings()
    keys = Keys.read(settings.keys) if settings.keys.exists() else None
    past = None
    for line in lines:
        if "service" in line:
            if past is not None and not wanted:
                yield from past.hashes()
            service = line["service"]
            past = Past(service, routes_of(service, settings, keys), keys)
        elif past is not None and "row" in line:
            id_ = past.happen(line)
            if f"{past.service}/{id_}" in wanted:
                place = Position(past.service, id_, line["row"][1])
                yield {"aggregate": str(place), "topic": line["row"][2], "state": past.state(id_)}
        elif past is not None and not wanted:
            yield {"decision": past.decide(CommandRow(**line["command"]))}
    if past is not None and not wanted:
        yield from past.hashes()


def main() -> None:
    """Read stdin to its end."""
    contract.load()
    for line in told(map(json.loads, sys.stdin), set(sys.argv[1:])):
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
