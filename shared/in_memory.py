"""An event store in memory, for tests: it passes the same tests as the one on SQLite."""

import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import count
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder
from pydantic_core import from_json

from shared.command_log import CommandRow
from shared.dead_letters import Letter
from shared.names import Advance
from shared.records import Stored


class MemoryRecorder(POPOApplicationRecorder):
    """The library's recorder, with our rows beside the events."""

    def __init__(self) -> None:
        super().__init__()
        self._log_id = uuid.uuid4().hex
        self._commands: dict[int, CommandRow] = {}
        self._numbers = count(1)
        self._last_number = 0
        self._tracking: dict[tuple[str, str], int] = {}
        self._labels: dict[str, frozenset[str]] = {}
        self._letters: dict[int, Letter] = {}
        self._settled: set[int] = set()

    def _insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        labels: Mapping[str, frozenset[str]] = MappingProxyType({}),
        commands: Sequence[CommandRow] = (),
        seen: Sequence[Advance] = (),
        **_: Any,
    ) -> Sequence[int] | None:
        with self._database_lock:
            tracking = dict(self._tracking)
            for origin, aggregate, before, after in seen:
                if tracking.get((origin, aggregate), 0) != before:
                    raise IntegrityError(f"{aggregate} isn't at {before}")
                tracking[origin, aggregate] = after
            ids = [row.command_id for row in commands]
            if len(set(ids)) < len(ids) or self.select_commands(ids):
                raise IntegrityError("a command id is known already")
            notification_ids = super()._insert_events(stored_events)
            self._tracking = tracking
            self._labels |= labels
            for row in commands:
                self._last_number = next(self._numbers)
                self._commands[self._last_number] = row
            return notification_ids

    def reading(self) -> AbstractContextManager[None]:
        """Reading takes no transaction here."""
        return nullcontext()

    def turn(self) -> AbstractContextManager[None]:
        """Nobody else writes here."""
        return nullcontext()

    def select_labelled(self, label: str) -> list[str]:
        """The ids of the aggregates that carry a label, in order."""
        return sorted(id_ for id_, carried in self._labels.items() if label in carried)

    def select_log(self, after: int, limit: int) -> list[Stored]:
        """The next rows of the log, in order."""
        rows = self.select_notifications(after, limit, inclusive_of_start=False)
        return [Stored(**vars(row)) for row in rows]

    def select_histories(self, after: tuple[str, int], limit: int) -> list[Stored]:
        """The next rows after that event of that aggregate, by aggregates and their versions."""
        rows = sorted(self.select_log(0, sys.maxsize), key=itemgetter(1, 2))
        return [row for row in rows if row[1:3] > after][:limit]

    def select_at(self, places: Sequence[tuple[str, int]]) -> list[Stored]:
        """The rows at these versions of these aggregates, as far as there are any."""
        wanted = set(places)
        return [row for row in self.select_log(0, sys.maxsize) if row[1:3] in wanted]

    def select_newer(self, versions: Mapping[str, int], limit: int = -1) -> list[Stored]:
        """What came after these versions of these aggregates, in order; -1 is no limit."""
        rows = [row for row in self.select_log(0, sys.maxsize) if row.originator_id in versions]
        newer = [row for row in rows if row.originator_version > versions[row.originator_id]]
        return sorted(newer, key=itemgetter(1, 2))[: None if limit < 0 else limit]

    def select_commands(self, command_ids: Sequence[str]) -> list[CommandRow]:
        """The rows of those commands that were decided before."""
        wanted = set(command_ids)
        return [row for row in self._commands.values() if row.command_id in wanted]

    def select_decided(self, number: int, limit: int) -> list[tuple[int, CommandRow]]:
        """The next decided commands with their numbers, in order."""
        return [(place, row) for place, row in self._commands.items() if place > number][:limit]

    def select_refused(self, number: int, limit: int) -> list[tuple[int, CommandRow]]:
        """Those of them that were refused."""
        return [
            (place, row)
            for place, row in self.select_decided(number, self._last_number)
            if from_json(row.outcome)["status"] == "refused"
        ][:limit]

    def max_command_number(self) -> int:
        """The number of the last decided command, one that was pruned too; 0 for none."""
        return self._last_number

    def prune_commands(self, before: str, up_to: int, limit: int) -> int:
        """Drop those of the oldest commands that are older than a time; gives how many."""
        oldest = [number for number in self._commands if number <= up_to][:limit]
        dropped = [number for number in oldest if self._commands[number].time < before]
        for number in dropped:
            del self._commands[number]
        return len(dropped)

    def select_seen(self, origin: str, aggregates: Sequence[str]) -> dict[str, int]:
        """The versions up to which those aggregates of service `origin` were handled."""
        known = {aggregate: self._tracking.get((origin, aggregate)) for aggregate in aggregates}
        return {aggregate: version for aggregate, version in known.items() if version is not None}

    def select_tracking(self, after: tuple[str, str], limit: int) -> list[tuple[str, str, int]]:
        """The next services and aggregates with the versions up to which they were handled."""
        rows = sorted((*place, version) for place, version in self._tracking.items())
        return [row for row in rows if row[:2] > after][:limit]

    def select_labels(self, after: tuple[str, str], limit: int) -> list[tuple[str, str]]:
        """The next aggregates with the labels that they carry."""
        rows = sorted((id_, label) for id_, carried in self._labels.items() for label in carried)
        return [row for row in rows if row > after][:limit]

    def select_log_id(self) -> str:
        """What tells this log from every other one."""
        return self._log_id

    def check_writable(self) -> None:
        """It always is."""

    def insert_letter(self, letter: Letter, *, behind: bool) -> bool:
        """Keep a letter; `behind`: only if an earlier one of its aggregate is open."""
        for known in self._letters.values():
            if (known.consumer, known.message_id) == (letter.consumer, letter.message_id):
                return True
        before = letter.version or 0
        if behind and not any(
            (known.consumer, known.aggregate) == (letter.consumer, letter.aggregate)
            and (known.version or 0) < before
            for known in self.select_letters()
        ):
            return False
        number = len(self._letters) + 1
        self._letters[number] = replace(letter, number=number)
        return True

    def select_letters(self) -> list[Letter]:
        """The letters that nobody dealt with, by consumer and aggregate in order."""
        letters = [row for number, row in self._letters.items() if number not in self._settled]
        return sorted(
            letters,
            key=lambda row: (row.consumer, row.aggregate or "", row.version or 0, row.number),
        )

    def count_letters(self) -> int:
        """How many letters nobody dealt with."""
        return len(self.select_letters())

    def select_blocked(self, consumer: str, aggregates: Sequence[str]) -> set[str]:
        """Those aggregates of which a letter is open."""
        wanted = set(aggregates)
        return {
            row.aggregate
            for row in self.select_letters()
            if row.consumer == consumer and row.aggregate in wanted
        }

    def settle_letter(self, number: int, how: str, actor: str, time: str) -> None:
        """Keep that a letter was dealt with."""
        del how, actor, time
        self._settled.add(number)

    def update_letter(self, number: int, reason: str) -> None:
        """Keep that a letter could not be handled once more."""
        letter = self._letters[number]
        self._letters[number] = replace(letter, reason=reason, attempts=letter.attempts + 1)
