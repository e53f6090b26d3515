"""No token that was made is found anywhere afterwards; what is planted there is found."""

import base64
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import nats
import pytest

from shared.keys import Keys
from tests.clients.ports import free_port
from tests.clients.sample_app import PAID
from tests.flows.leaks import leaks, places
from tests.flows.tap import TappedSupervisor
from tests.flows.test_demo import play

WAYS = {
    "as it is": lambda token: token,
    "in a link": lambda token: f"https://example.com/a?access-token={quote(token)}&b=c",
    "in hex": lambda token: token.encode().hex(),
    "in hex as stores dump it": lambda token: f"X'{token.encode().hex().upper()}'",
    "URL-encoded": lambda token: "".join(f"%{ord(character):02X}" for character in token),
    "URL-encoded in small letters": lambda token: "".join(f"%{ord(c):02x}" for c in token),
} | {
    f"in {name} behind {len(before)} bytes": (
        lambda token, encode=encode, before=before: encode(f"{before}{token}.".encode()).decode()
    )
    for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode))
    for before in ("", "x", "xy", "xyz")
}
"""How tokens are planted."""
TOKENS = {
    way: Keys({"k1": os.urandom(32)}).token("com.example.planted", number)
    for number, way in enumerate(WAYS, 1)
}
"""A token for each way."""
PLANT = "\n".join(WAYS[way](token) for way, token in TOKENS.items())


class Played(NamedTuple):
    """What a run of the demo left."""

    data: Path
    tokens: list[str]
    shared: str
    """What the site and the app share."""
    printed: str


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The demo, played to its end."""
    folder = tmp_path_factory.mktemp("played")
    run = play("--data", folder / "data")
    assert run.returncode == 0, run.stdout + run.stderr
    keys = Keys.read(folder / "data/keys.json")
    tokens = [keys.token(PAID["key"], number) for number in range(1, 52)]
    shared = keys.shared_secret("k1", "site-a", PAID["key"], "1")
    return Played(folder / "data", tokens, shared, run.stdout + run.stderr)


@pytest.fixture
def copy(played: Played, tmp_path: Path) -> Path:
    """What the demo left, to plant tokens in."""
    return shutil.copytree(played.data, tmp_path / "data")


def found(folder: Path, printed: str = "") -> dict[str, set[str]]:
    """The places where the tokens were found that were planted in each way."""
    by_token = leaks(TOKENS.values(), places(folder, printed))
    return {way: by_token.get(token, set()) for way, token in TOKENS.items()}


def test_no_token_of_the_demo_is_kept_or_printed(played: Played) -> None:
    assert all(f"token {number} of {PAID['key']} made" in played.printed for number in (1, 51))
    assert leaks(played.tokens, places(played.data, played.printed)) == {}


def test_no_shared_secret_is_kept_or_printed(played: Played) -> None:
    where = places(played.data, played.printed)
    assert leaks([played.shared], where) == {}
    (key,) = (place for place in where if place.name.startswith("install-keys/"))
    private = key.content.decode().splitlines()[1]
    assert leaks([private], where) == {private: {key.name}}


def test_a_printed_token_is_found(copy: Path) -> None:
    assert found(copy, f"before {PLANT} after") == {way: {"printed"} for way in WAYS}


@pytest.mark.parametrize("name", ["log/token.log", "log/nats.log", "nats.conf", "keys.json"])
def test_a_token_in_a_file_is_found(copy: Path, name: str) -> None:
    with (copy / name).open("a") as file:
        file.write(f"before {PLANT} after")
    assert found(copy) == {way: {name} for way in WAYS}


@pytest.mark.parametrize("service", ["listing", "token", "installation"])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("stored_events", "state"),
        ("command_log", "outcome"),
        ("tracking", "aggregate"),
        ("dead_letters", "body"),
    ],
)
def test_a_token_in_a_store_is_found(copy: Path, service: str, table: str, column: str) -> None:
    with closing(sqlite3.connect(copy / f"{service}.sqlite")) as store:
        columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
        planted = json.dumps(PLANT)  # outcomes are JSON
        values = [planted if name == column else 10**9 for name in columns]
        store.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(values))})", values)
        store.commit()
    for where in found(copy).values():
        assert f"{service}.sqlite: {table}" in where


async def test_a_published_token_is_found(copy: Path) -> None:
    async with TappedSupervisor(copy, port=free_port()) as house:
        connection = await nats.connect(house.url)
        await connection.jetstream().publish("evt.planted.Planted._", PLANT.encode())
        await connection.close()
    for where in found(copy).values():
        assert any(name.startswith("nats/jetstream/") for name in where)
