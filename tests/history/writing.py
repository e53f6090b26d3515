"""Keeps one stored row of each version of each event, as the code of its day wrote it.

`python -m tests.history.writing` adds a line to the file of each event that today's code writes
otherwise than its last line. A line that is there never changes.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from services import contract
from services.cli.output import line
from services.documents import examples
from shared.messages import Event, Meta
from shared.names import Position
from shared.records import CHAIN_START, Record, RecordMapper, Stored

STORED = Path(__file__).parent / "stored"
_TIME = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
_META = Meta(actor="ann", command_id="c-7", correlation_id="c-7", causation_id="c-7", time=_TIME)
_COPIES = {
    "token.MembersSeen": "copy/partner/example",
    "token.SiteSeen": "copy/site/site-a",
    "installation.AppSeen": "copy/app/com.example.roadmap",
    "installation.AppVersionSeen": "copy/app/com.example.roadmap",
    "installation.AppVisibilitySeen": "copy/app/com.example.roadmap",
}
"""Where what a service only took over is stored."""
_MAPPER = RecordMapper()


class Kept(NamedTuple):
    """A row that was stored once, and what its event said."""

    row: Stored
    fields: dict[str, object]

    @property
    def place(self) -> Position:
        """Where it stands."""
        service = self.row.topic.partition(".")[0]
        return Position(service, self.row.originator_id, self.row.originator_version)


def kept(topic: str) -> list[Kept]:
    """All versions of an event, the oldest first."""
    file = STORED / f"{topic}.jsonl"
    if not file.exists():
        return []
    rows = (json.loads(text) for text in file.read_text().splitlines())
    return [
        Kept(Stored(1, row["aggregate"], 3, topic, row["state"].encode()), row["fields"])
        for row in rows
    ]


def written(row: Stored) -> bytes:
    """How today's code would store what it reads in a row."""
    state: bytes = _MAPPER.to_stored_event(_MAPPER.to_domain_event(row)).state
    return state


def _new(kind: type[Event]) -> dict[str, object]:
    aggregate = examples.position(kind).aggregate if kind.PUBLISHED else _COPIES[kind.TOPIC]
    event = kind.model_validate(examples.example(kind), strict=False)
    stored = _MAPPER.to_stored_event(Record(aggregate, 3, event, _META, CHAIN_START))
    return {
        "aggregate": aggregate,
        "state": stored.state.decode(),
        "fields": event.model_dump(mode="json"),
    }


def main() -> Iterator[str]:
    """Add what is new; gives the topics."""
    contract.load()
    STORED.mkdir(exist_ok=True)
    for topic, kind in sorted(Event.TABLE.items()):
        known, new = kept(topic), _new(kind)
        if not known or known[-1].row.state.decode() != new["state"]:
            with (STORED / f"{topic}.jsonl").open("a") as file:
                file.write(json.dumps(new) + "\n")
            yield topic


if __name__ == "__main__":
    for added in main():
        line(added)
    sys.exit(0)
