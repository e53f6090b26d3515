"""A flow: all that one command led to, across the services, as a tree."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal, NamedTuple

from services.history.progress import Progress
from services.history.stores import commands, log, told
from shared.command_log import CommandRow
from shared.messages import Refused
from shared.published import Published
from shared.store import Store


class Node(NamedTuple):
    """A command that was decided or an event that happened, `depth` steps below the beginning."""

    kind: Literal["command", "event"]
    id: str
    cause: str | None
    """The id of what led to it directly."""
    service: str
    name: str
    actor: str
    time: datetime
    """When the command was read, or that of what led to the event."""
    line: str
    """The event in one sentence, or how the command was decided."""
    depth: int = 0

    @classmethod
    def of_command(cls, row: CommandRow) -> "Node":
        """A decided command."""
        outcome, time = row.reply(), datetime.fromisoformat(row.time)
        line = f"refused: {outcome.code}" if isinstance(outcome, Refused) else outcome.status
        return cls(
            "command",
            row.command_id,
            row.causation_id,
            row.service,
            row.name,
            row.actor,
            time,
            line,
        )

    @classmethod
    def of_event(cls, published: Published) -> "Node":
        """A stored event; of an unknown kind, its data are its line."""
        event, meta = published.event(), published.meta
        return cls(
            "event",
            str(published.position),
            meta.command_id or meta.causation_id,
            published.position.service,
            published.topic,
            meta.actor,
            meta.time,
            published.body.decode() if event is None else event.line(),
        )


def flow(stores: Iterable[Store], correlation_id: str, progress: Progress) -> list[Node]:
    """The nodes of a flow, each after what caused it, those with one cause by their time.

    What was caused by something that isn't known any more stands at the top.
    """
    nodes = [node for store in stores for node in _nodes(store, correlation_id, progress)]
    known = {node.id for node in nodes}
    caused = defaultdict(list)
    for node in sorted(nodes, key=lambda node: node.time):  # those of one time keep their order
        caused[node.cause if node.cause in known and node.cause != node.id else None].append(node)
    return list(_below(None, caused, 0))


def _nodes(store: Store, correlation_id: str, progress: Progress) -> Iterator[Node]:
    what = f"commands of {store.service}"
    for row in progress.of(commands(store), store.commands_end(), what):
        if row.correlation_id == correlation_id:
            yield Node.of_command(row)
    mark = json.dumps(correlation_id, ensure_ascii=False).encode(errors="replace")
    for stored in progress.of(log(store), store.log_end(), f"events of {store.service}"):
        if mark in stored.state:
            published = told(store, stored)
            if published.meta.correlation_id == correlation_id:
                yield Node.of_event(published)


def _below(cause: str | None, caused: dict[str | None, list[Node]], depth: int) -> Iterator[Node]:
    for node in caused[cause]:
        yield node._replace(depth=depth)
        yield from _below(node.id, caused, depth + 1)
