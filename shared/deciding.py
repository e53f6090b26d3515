"""Deciding commands on the store: those that arrived together are stored in one commit."""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eventsourcing.persistence import IntegrityError

from shared import clock
from shared.aggregate import Aggregate
from shared.command_log import CommandRow, request_hash
from shared.errors import Busy, CommandIdReused, DeadlinePassed, Failure, Refusal
from shared.handlers import Context, Need, Needed, Prepared, Route, prepared_json
from shared.keys import mask
from shared.messages import OUTCOME, Accepted, Command, Envelope, Outcome
from shared.names import Position
from shared.store import Draft, Store, store_fails

logger = logging.getLogger(__name__)

Now = Callable[[], datetime]
"""Tells the time. A command happens when it is decided: it may have waited since it arrived."""
Reveal = Callable[[str, str], str]
"""(key, text) → the text with its masked tokens made whole."""
_TRIES = 10
_PAUSE = 0.001
"""Seconds that a command waits at most before it is decided anew; twice as long each time."""


@dataclass(frozen=True)
class Case:
    """A command that is to be decided, with what it needed if that was got."""

    command: Command
    envelope: Envelope
    prepared: Prepared | None = None


Decision = Outcome | Need[Any] | Exception
"""What comes of a case: an outcome that is stored, what it lacks, or why it wasn't decided."""


class Apart(Exception):
    """These commands can't be decided in one commit."""


class Decider:
    """Runs on the one thread that uses the store."""

    def __init__(
        self, store: Store, routes: Mapping[str, Route], reveal: Reveal, now: Now = clock.now
    ) -> None:
        self._store = store
        self._routes = routes
        self._reveal = reveal
        self._now = now

    def together(self, cases: Sequence[Case]) -> list[Decision]:
        """Decide in order and commit once. Where that can't be, each has a commit of its own.

        It can't when another writer was first, and when one of them leaves its aggregate in a
        state that is not to be stored. Raises PersistenceError when the store fails: then each of
        them would fail, and slowly.
        """
        try:
            with self._store.turn():
                return self._in_one_commit(cases)
        except Exception as error:
            if store_fails(error):
                raise
            logger.info("%d commands are decided one by one: %r", len(cases), error)
        return [self._caught(case) for case in cases]

    def alone(self, case: Case) -> Outcome | Need[Any]:
        """Decide and commit; a conflict with another writer is decided anew.

        Raises Failure, PersistenceError, or CommandIdReused.
        """
        for attempt in range(_TRIES):
            row = self._store.decided([case.envelope.id]).get(case.envelope.id)
            if row is not None:
                return self._again(row, case)
            if is_late(case.envelope):
                raise DeadlinePassed
            try:
                with self._store.turn():
                    return self._in_its_own_commit(case)
            except Needed as needed:
                return needed.need
            except IntegrityError:
                logger.info("%s met another writer", type(case.command).__name__)
                time.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311  # no secret
        raise Busy

    def _caught(self, case: Case) -> Decision:
        try:
            return self.alone(case)
        except Exception as error:
            return error

    def _in_one_commit(self, cases: Sequence[Case]) -> list[Decision]:
        draft, now = Draft(), self._now()
        rows: list[CommandRow] = []
        with self._store.reading(dict.fromkeys(map(self._aggregate, cases))):
            known = self._store.decided([case.envelope.id for case in cases])
            try:
                decisions = [self._next(case, now, draft, rows, known) for case in cases]
            except BaseException:
                self._store.forget(draft.aggregates)
                raise
        if rows:
            self._store.commit(draft, commands=rows)
        return decisions

    def _next(
        self,
        case: Case,
        now: datetime,
        draft: Draft,
        rows: list[CommandRow],
        known: dict[str, CommandRow],
    ) -> Decision:
        """Decide one more case of a commit; raises Apart when it leaves something behind."""
        try:
            row = known.get(case.envelope.id)
            if row is not None:
                return self._again(row, case)
            if is_late(case.envelope):
                return DeadlinePassed()
            outcome = self._outcome(case, now, draft)
        except Needed as needed:
            return needed.need
        except (CommandIdReused, Failure) as error:
            return error
        row = _row(case, outcome, now)
        rows.append(row)
        known[row.command_id] = row
        return outcome

    def _in_its_own_commit(self, case: Case) -> Outcome:
        draft, now = Draft(), self._now()
        outcome = self._outcome(case, now, draft)
        if case.envelope.dry_run:
            self._store.forget(draft.aggregates)
            return _dry(outcome)
        self._store.commit(draft, commands=[_row(case, outcome, now)])
        return outcome

    def _outcome(self, case: Case, now: datetime, draft: Draft) -> Outcome:
        """What the handler says; its events are put onto the draft.

        When it stops after it has recorded something, the aggregate's copy is dropped; if the
        draft holds events of that aggregate already, this raises Apart.
        """
        command, envelope = case.command, case.envelope
        route = self._routes[type(command).__name__]
        aggregate = self._store.load(*self._aggregate(case))
        context = Context(envelope.actor, envelope.id, now, self._store, case.prepared)
        before = len(draft.records)
        try:
            result = route.handle(command, aggregate, context)
            self._store.draft([aggregate], envelope.meta(now), onto=draft)
        except BaseException as error:
            if aggregate.pending:
                self._store.forget([aggregate])
                if aggregate in draft:
                    raise Apart(type(command).__name__) from error
            if isinstance(error, Refusal):
                return error.reply(envelope.id)
            raise
        return Accepted(
            command_id=envelope.id,
            events=tuple(record.ref(self._store.service) for record in draft.records[before:]),
            position=str(Position(self._store.service, aggregate.id, aggregate.version)),
            result={} if result is None else result.model_dump(mode="json"),
        )

    def _aggregate(self, case: Case) -> tuple[type[Aggregate], str]:
        """The kind and key of the aggregate that decides it."""
        return self._routes[type(case.command).__name__].aggregate, case.command.key

    def _again(self, row: CommandRow, case: Case) -> Outcome:
        """The reply to a command id that was decided before; raises CommandIdReused."""
        if row.request_hash != request_hash(case.command, case.envelope.actor):
            raise CommandIdReused
        reply = row.reply()
        if isinstance(reply, Accepted):
            return OUTCOME.validate_json(self._reveal(row.key, reply.model_dump_json()))
        return reply


def is_late(envelope: Envelope) -> bool:
    """Whether the time for deciding it is over."""
    return envelope.deadline is not None and clock.now() >= envelope.deadline


def _row(case: Case, outcome: Outcome, now: datetime) -> CommandRow:
    prepared = prepared_json(case.prepared)
    return CommandRow.of(case.command, case.envelope, prepared, outcome, now)


def _dry(outcome: Outcome) -> Outcome:
    """What would be answered, without tokens: they were never given."""
    if isinstance(outcome, Accepted):
        outcome = outcome.model_copy(update={"dry_run": True})
    return OUTCOME.validate_json(mask(outcome.model_dump_json()))
