"""The guards of the message plane, each with what becomes of the code without it."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eventsourcing.persistence import StoredEvent
from nats.aio.msg import Msg

from shared import inbox, outbox, sqlite
from shared.headers import encode
from shared.inbox import Inbox
from shared.records import Stored
from shared.relay import Relay
from shared.sqlite import SQLiteRecorder
from shared.store import Draft, Store


def switch_off(guard: str) -> None:
    """Let this process run without a guard."""
    GUARDS[guard]()


def _version_check() -> None:
    """Who was second is stored behind the first, though it was decided without knowing it.

    A copy is read once, and never hears of what others store.
    """
    insert, newer = SQLiteRecorder._insert_events, SQLiteRecorder.select_newer

    def renumbered(self: Any, c: Any, events: Sequence[StoredEvent], **given: Any) -> Any:
        last: dict[str, int] = {}
        moved = []
        for event in events:
            id_ = str(event.originator_id)
            if id_ not in last:
                told = "SELECT max(originator_version) FROM stored_events WHERE originator_id=?"
                c.execute(told, (id_,))
                last[id_] = c.fetchone()[0] or 0
            last[id_] += 1
            moved.append(StoredEvent(id_, last[id_], event.topic, event.state))
        return insert(self, c, moved, **given)

    def once(self: Any, versions: Mapping[str, int]) -> Sequence[Stored]:
        return newer(self, {id_: version for id_, version in versions.items() if version == 0})

    setattr(SQLiteRecorder, "_insert_events", renumbered)  # noqa: B010
    setattr(SQLiteRecorder, "select_newer", once)  # noqa: B010


def _command_log() -> None:
    commit = Store.commit

    def forgetful(self: Any, draft: Draft, **given: Any) -> None:
        commit(self, draft, **given | {"commands": ()})

    setattr(Store, "commit", forgetful)  # noqa: B010


def _fencing() -> None:
    """Nor does the stream know by their ids what it has already."""
    setattr(Relay, "_fence", lambda *_: {})  # noqa: B010
    setattr(outbox, "_once", lambda attributes, _: encode(attributes))  # noqa: B010


def _tracking() -> None:
    """Every event is taken for the next one; some acknowledgements get lost, so some come twice."""
    next_, ack = Inbox._next, Msg.ack

    async def lossy(self: Msg) -> None:
        if random.random() < 0.8:
            await ack(self)

    def always(self: Any, event: Any, seen: dict[str, int], *given: Any) -> Any:
        if not isinstance(event, Exception):
            seen[event.position.aggregate] = event.position.version - 1
        return next_(self, event, seen, *given)

    setattr(Msg, "ack", lossy)  # noqa: B010
    setattr(Inbox, "_next", always)  # noqa: B010
    sqlite._ADVANCE = (
        f"INSERT INTO tracking SELECT origin, aggregate, after FROM ({sqlite._STEPS}) WHERE true"
        " ON CONFLICT DO UPDATE SET version=max(version, excluded.version)"
    )


def _order() -> None:
    """What comes too early is handled at once, what it overtook counts as handled; some is late."""
    next_, take = Inbox._next, Inbox._take_all

    def hasty(self: Any, event: Any, seen: dict[str, int], *given: Any) -> Any:
        if not isinstance(event, Exception):
            aggregate, version = event.position.aggregate, event.position.version
            if version > seen.get(aggregate, 0):
                seen[aggregate] = version - 1
        return next_(self, event, seen, *given)

    async def late(self: Any, waiting: list[Msg], *given: Any) -> None:
        for message in [*waiting]:
            if message.metadata.num_delivered == 1 and random.random() < 0.2:
                waiting.remove(message)
                await message.nak(delay=0.5)
        await take(self, waiting, *given)

    setattr(Inbox, "_next", hasty)  # noqa: B010
    setattr(Inbox, "_take_all", late)  # noqa: B010


def _ack_after_commit() -> None:
    """What arrives is acknowledged before it is handled."""
    read = inbox._read

    async def acknowledge(message: Msg) -> None:
        await message.ack()
        message._ackd = False  # so that it may be acknowledged where it is now, too

    def early(message: Msg) -> Any:
        acknowledging.add(task := asyncio.create_task(acknowledge(message)))
        task.add_done_callback(acknowledging.discard)
        return read(message)

    acknowledging: set[asyncio.Task[None]] = set()
    setattr(inbox, "_read", early)  # noqa: B010


GUARDS: Mapping[str, Callable[[], None]] = {
    "version check": _version_check,
    "command log": _command_log,
    "fencing": _fencing,
    "tracking": _tracking,
    "order": _order,
    "ack after commit": _ack_after_commit,
}
"""What is off by code; the limit and the binding are off by a setting."""
