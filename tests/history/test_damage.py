"""What can't be read of a store is told as such, whoever reads it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from services.history.kinds import KINDS
from shared.settings import store_file
from tests.clients.command import guestlist

pytestmark = pytest.mark.slow
PAGE = 4096


@pytest.fixture
def copy(data: Path, tmp_path: Path) -> Path:
    """The history, to be spoilt."""
    for service in KINDS:
        shutil.copy(store_file(data, service), tmp_path)
    shutil.copy(data / "keys.json", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "typed", [("verify",), ("export", "archive"), ("history", "token/tokens/com.example.replay")]
)
async def test_a_page_that_is_none_is_told(copy: Path, typed: tuple[str, ...]) -> None:
    place = store_file(copy, "token")
    whole = bytearray(place.read_bytes())
    for page in range(len(whole) // PAGE // 2, len(whole) // PAGE):
        whole[page * PAGE : (page + 1) * PAGE] = b"\xff" * PAGE
    place.write_bytes(whole)
    ended = await guestlist(*typed, folder=copy, settings={"GUESTLIST_DATA": str(copy)})
    assert (ended.code, ended.err.splitlines()[-2].partition(":")[0]) == (1, "damaged")


@pytest.mark.parametrize("typed", [("replay",), ("export", "archive", "--as-of", "2030-01-01")])
async def test_an_outcome_that_is_none_is_told(copy: Path, typed: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(store_file(copy, "token"))) as store:
        store.execute("UPDATE command_log SET outcome='{}'")
        store.commit()
    ended = await guestlist(*typed, folder=copy, settings={"GUESTLIST_DATA": str(copy)})
    assert (ended.code, ended.err.splitlines()[-2].partition(":")[0]) == (1, "damaged")
