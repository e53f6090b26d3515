"""How long it takes to read a history again when there is much of it, beside the library."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from services.contract import SERVICES
from services.listing.commands import RegisterPartner
from services.listing.domain import Partner
from services.token.commands import CreateToken, RemoveToken
from services.token.domain import AppTokens, Rules
from services.token.domain import Partner as KnownPartner
from services.token.events import ListingSeen
from shared.aggregate import Aggregate
from shared.command_log import CommandRow
from shared.messages import Accepted, Command, Envelope, EventRef, Meta
from shared.names import Advance, Position
from shared.settings import store_file
from shared.sqlite import open_sqlite
from shared.store import Draft, Store
from tests.bench.load import APP, MEMBER
from tests.bench.replay import library_of, replay_theirs
from tests.bench.rows import Row, clocked
from tests.bench.stores import NOW

MANY, FEW, LONG = 1_000_000, 1_000, 10_000
"""Events of a large house, of a small one, and of the app with the longest history."""
_TOGETHER = 2_000
_MEASURED = """
import os, subprocess, sys, time
begun = time.perf_counter()
running = subprocess.Popen(sys.argv[1:])
_, status, used = os.wait4(running.pid, 0)
print((time.perf_counter() - begun) * 1000, used.ru_maxrss / 1024)
sys.exit(status != 0)
"""
"""A small process: until a program begins, it counts with the memory of the one that starts it."""


def rows() -> Iterator[Row]:
    """All rows of this kind."""
    with tempfile.TemporaryDirectory() as name:
        large, small = Path(name) / "large", Path(name) / "small"
        for folder, events in ((large, MANY), (small, FEW)):
            folder.mkdir()
            fill(folder, events)
        read = _library(Path(name) / "library.sqlite")
        aggregate = f"token/tokens/{APP}"
        long, whole = LONG / read * 1000, "eventsourcing, default transcoder, its events read once"
        took, _ = _run("history", aggregate, "-o", "none", data=large)
        name = f"history of an app of {LONG:,} events among {MANY:,}, ms"
        yield Row(name, took, long, whole, 2_000, "lower")
        took, _ = _run("history", aggregate, "--as-of", str(LONG // 2), "-o", "none", data=large)
        name = f"its state as of {LONG // 2:,} events, ms"
        yield Row(name, took, long / 2, whole, 1_000, "lower")
        _, bare = _run("verify", "-o", "none", data=small)
        took, most = _run("verify", "-o", "none", data=large)
        name = f"verify of a house of {MANY:,} events, 1/s"
        yield Row(name, MANY / took * 1000, read, whole, 10_000, "higher")
        yield Row("memory of it, MB", most, bare, f"itself with {FEW:,}", 1.5 * bare, "lower")


def _run(*typed: str, data: Path) -> tuple[float, float]:
    """Milliseconds that a command took, and the most memory that it had, in MB."""
    program = Path(sys.executable).parent / "guestlist"
    settings = os.environ | {"GUESTLIST_DATA": str(data)}
    words = [sys.executable, "-c", _MEASURED, str(program), *typed]
    told = subprocess.run(words, check=True, env=settings, capture_output=True).stdout.split()
    return float(told[0]), float(told[1])


def _library(path: Path) -> float:
    """Events that the library reads in a second from a whole log."""
    library, _ = library_of(path)
    taken = [clocked(lambda: replay_theirs(library))() for _ in range(3)]
    return 20_000 / min(taken) * 1000


def fill(folder: Path, events: int, longest: int = LONG) -> None:
    """Partners registered, one app has a long history, and all of it is as services leave it."""
    listing, token, _ = (
        Store(service, open_sqlite(store_file(folder, service))) for service in SERVICES
    )
    long = min(longest, events // 2)
    partners = (events - long) // 2
    for first in range(0, partners, _TOGETHER):
        _register(listing, token, range(first, min(first + _TOGETHER, partners)))
    tokens = token.load(AppTokens, APP)
    tokens.see_listing(
        ListingSeen(app_key=APP, partner_id="p-0", status="private", hosting="cloud")
    )
    token.commit(token.draft([tokens], _effect(0)))
    while tokens.version < long:
        command: Command = CreateToken(app_key=APP)
        if tokens.active:
            command = RemoveToken(app_key=APP, token_id=tokens.given)
            tokens.remove(tokens.given)
        else:
            tokens.create(MEMBER, None, NOW, Rules())
        draft, row = Draft(), _decided(token, tokens, command, f"t-{tokens.version}")
        token.commit(token.draft([tokens], row.meta(), onto=draft), commands=[row.row])


def _register(listing: Store, token: Store, numbers: range) -> None:
    registered, seen = Draft(), Draft()
    rows, advances = [], []
    for number in numbers:
        command = RegisterPartner(partner_id=f"p-{number}", organisation="Example")
        partner = Partner(command.partner_id)
        partner.register(command, MEMBER)
        decided = _decided(listing, partner, command, f"p-{number}")
        rows.append(decided.row)
        listing.draft([partner], decided.meta(), onto=registered)
        known = KnownPartner(command.partner_id)
        known.see(frozenset({MEMBER}))
        token.draft([known], _effect(number), onto=seen)
        advances.append(Advance("listing", partner.id, 0, 1))
    listing.commit(registered, commands=rows)
    token.commit(seen, seen=advances)


class _Decided(NamedTuple):
    envelope: Envelope
    row: CommandRow

    def meta(self) -> Meta:
        return self.envelope.meta(self.envelope.time)


def _decided(store: Store, aggregate: Aggregate, command: Command, id_: str) -> _Decided:
    """A command that led to the one event that an aggregate has pending."""
    place = Position(store.service, aggregate.id, aggregate.version)
    (event,) = aggregate.pending
    ref = EventRef(
        type=type(event).__name__, id=str(place), aggregate=aggregate.id, version=place.version
    )
    envelope = Envelope(id=id_, actor=MEMBER, time=NOW, correlation_id=id_)
    outcome = Accepted(command_id=id_, events=(ref,), position=str(place))
    return _Decided(envelope, CommandRow.of(command, envelope, None, outcome, envelope.time))


def _effect(number: int) -> Meta:
    cause = f"listing/partner/p-{number}@1"
    return Meta(actor=MEMBER, command_id=None, correlation_id="f", causation_id=cause, time=NOW)
