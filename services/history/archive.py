"""A history as a text: one CloudEvent (JSON format, version 1.0) in each line.

Events keep the bytes as which they are stored, so that their chain holds where the archive is
read: `data` is the event, and the attributes `storedmeta` and `prev` are the rest. After the
events of a service come its decided commands and how far it handled others'. The same history
always gives the same text; the id of a log isn't in it, as what is read becomes a log of its own.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from eventsourcing.persistence import IntegrityError, StoredEvent

from services import folder
from services.contract import SERVICES
from services.history.moments import Moment
from services.history.progress import Progress
from services.history.stores import commands, histories, log, record, told, tracking
from services.history.together import together
from services.history.verifying.histories import labels_of
from shared.command_log import CommandRow
from shared.messages import Accepted
from shared.names import Advance, Position, iso
from shared.records import Stored
from shared.settings import Settings, archive_mark, store_file
from shared.sqlite import SQLiteRecorder, open_sqlite
from shared.store import Store

_MARK = """\
The stores here were made of an archive, so apps are told nothing unless that is asked for with
--hooks. Without this file it is a house as any other.
"""
_FORMAT = {
    "specversion": "1.0",
    "id": "archive",
    "source": "/guestlist",
    "type": "guestlist.Archive",
    "data": {"format": 1},
}
_DATA = b',"data":'
_AT_ONCE = 500


class _Kind(StrEnum):
    """The types of lines that are no event."""

    COMMAND = "guestlist.Command"
    HANDLED = "guestlist.Handled"


class NoArchive(ValueError):
    """That is no archive, or not a whole one."""


class Cut(NamedTuple):
    """Up to when a history is written."""

    moment: Moment
    time: datetime
    """The same for what is no event."""


def write(stores: Iterable[Store], cut: Cut | None, progress: Progress) -> Iterator[bytes]:
    """The lines of an archive, all of one time: services may write meanwhile. Raises Damaged."""
    house = list(stores)
    yield _line(_FORMAT)
    with together(house):
        for store in house:
            yield from _service(store, cut, progress)
    yield _line(_FORMAT | {"id": "end"})


def _service(store: Store, cut: Cut | None, progress: Progress) -> Iterator[bytes]:
    ends: dict[str, int] = {}
    handled: dict[tuple[str, str], int] = {}
    rows = progress.of(log(store), store.log_end(), f"events of {store.service}")
    for row in rows if cut is None else _up_to(store, cut, rows):
        yield _event(store, row)
        if cut is not None:
            ends[row.originator_id] = row.originator_version
            meta = record(store, row).meta
            if meta.command_id is None:
                cause = Position.parse(meta.causation_id)
                place = cause.service, cause.aggregate
                handled[place] = max(cause.version, handled.get(place, 0))
    for number, command in enumerate(commands(store), 1):
        if cut is None or _had_been_decided(command, ends, cut):
            yield _line(_about(store, f"command/{number}", _Kind.COMMAND, asdict(command)))
    if cut is None:
        handled = {(place.service, place.aggregate): place.version for place in tracking(store)}
    for (origin, aggregate), version in sorted(handled.items()):
        data = {"origin": origin, "aggregate": aggregate, "version": version}
        yield _line(_about(store, f"handled/{origin}/{aggregate}", _Kind.HANDLED, data))


def _up_to(store: Store, cut: Cut, rows: Iterable[Stored]) -> Iterator[Stored]:
    """What had happened by then, with all else that the same command or event led to here."""
    last: str | None = None
    for row in rows:
        event = told(store, row)
        led_to = event.meta.command_id or event.meta.causation_id
        if led_to != last and not cut.moment(event):
            return
        yield row
        last = led_to


def _had_been_decided(command: CommandRow, ends: Mapping[str, int], cut: Cut) -> bool:
    outcome = command.reply()
    if isinstance(outcome, Accepted) and outcome.events:
        last = outcome.events[-1]
        return last.version <= ends.get(last.aggregate, 0)
    return command.time <= iso(cut.time)


def _event(store: Store, row: Stored) -> bytes:
    attributes = told(store, row).attributes()
    named = {name.removeprefix("ce-"): text for name, text in attributes.items()}
    del named["logid"]
    event, rest = row.state.removeprefix(b'{"event":').rsplit(b',"meta":{', 1)
    meta, prev = rest.rsplit(b',"prev":', 1)
    named |= {"storedmeta": "{" + meta.decode(), "prev": json.loads(prev.removesuffix(b"}"))}
    line = json.dumps(named, separators=(",", ":")).encode().removesuffix(b"}")
    return line + _DATA + event + b"}\n"


def _about(store: Store, id_: str, kind: str, data: object) -> dict[str, object]:
    source = f"/guestlist/{store.service}"
    place = f"{store.service}/{id_}"
    return {"specversion": "1.0", "id": place, "source": source, "type": kind, "data": data}


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def read(lines: Iterable[bytes], data: Path) -> dict[str, int]:
    """Make the stores of an archive in a folder that has none; gives how many events each got.

    They are put there once all are whole; after a kill while that goes on the next call says which
    is there. By a mark beside them apps are told nothing, and their keys are new. Raises
    FileExistsError when there is a store, NoArchive, and Damaged for an event that this program
    can't read.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    for store in folder.stores(data):
        raise FileExistsError(f"there is a store {store}")
    with tempfile.TemporaryDirectory(prefix="importing-", dir=data) as made:
        events = _read(lines, Path(made))
        archive_mark(data).write_text(_MARK)
        folder.make_keys(Settings(data=data).keys, None)
        for service in events:
            os.link(store_file(Path(made), service), store_file(data, service))
    return events


def _read(lines: Iterable[bytes], data: Path) -> dict[str, int]:
    made = {service: _Making(service, data) for service in SERVICES}
    ended = False
    try:
        for number, line in enumerate(lines, 1):
            try:
                attributes = json.loads(line)
                if attributes["type"] == _FORMAT["type"]:
                    ended = _ends(attributes)
                    continue
                service = attributes["source"].removeprefix("/guestlist/")
                if service not in SERVICES:
                    raise NoArchive("it is of no service")
                made[service].take(attributes, line)
            except (ValueError, LookupError, TypeError) as error:
                raise NoArchive(f"line {number} is none of an archive: {error}") from None
        if not ended:
            raise NoArchive("it has no end: it was cut off")
        return {service: making.finish() for service, making in made.items()}
    except IntegrityError:
        raise NoArchive("it has an event or a command twice") from None


def _ends(attributes: dict[str, Any]) -> bool:
    """Whether that is the last line, and not the first; raises NoArchive for another format."""
    if attributes["data"] != _FORMAT["data"]:
        raise NoArchive("it is of another format")
    return bool(attributes["id"] == "end")


class _Making:
    """A store that is made of the lines of its service."""

    def __init__(self, service: str, data: Path) -> None:
        self._recorder: SQLiteRecorder = open_sqlite(store_file(data, service))
        self._store = Store(service, self._recorder)
        self._events: list[StoredEvent] = []
        self._commands: list[CommandRow] = []
        self._seen: list[Advance] = []

    def take(self, attributes: dict[str, Any], line: bytes) -> None:
        """Take the next line."""
        data = attributes["data"]
        match attributes["type"]:
            case _Kind.COMMAND:
                self._commands.append(CommandRow(**data))
            case _Kind.HANDLED:
                self._seen.append(Advance(data["origin"], data["aggregate"], 0, data["version"]))
            case topic:
                version = int(attributes["id"].rpartition("@")[2])
                state = _state(attributes, line)
                row = Stored(0, attributes["subject"], version, topic, state)
                record(self._store, row)
                self._events.append(StoredEvent(*row[1:]))
        if len(self._events) + len(self._commands) + len(self._seen) >= _AT_ONCE:
            self._insert()

    def finish(self) -> int:
        """Store what is left, and the labels that follow from it; gives the number of events."""
        self._insert()
        for id_, labels in labels_of(self._store, histories(self._store)):
            self._recorder.insert_events([], labels={id_: labels})
        events = self._store.log_end()
        self._recorder.datastore.close()  # nothing is left beside the file then
        return events

    def _insert(self) -> None:
        self._recorder.insert_events(self._events, commands=self._commands, seen=self._seen)
        for rows in (self._events, self._commands, self._seen):
            rows.clear()


def _state(attributes: dict[str, Any], line: bytes) -> bytes:
    """The bytes as which the event was stored."""
    event: bytes = line.rstrip(b"\n").removesuffix(b"}").partition(_DATA)[2]
    prev = json.dumps(attributes["prev"]).encode()
    meta: bytes = attributes["storedmeta"].encode()
    return b'{"event":' + event + b',"meta":' + meta + b',"prev":' + prev + b"}"
