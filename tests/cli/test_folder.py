"""One process keeps a data folder, and no keys are made where some are needed."""

from pathlib import Path

import pytest

from services.folder import AlreadyUp, KeysGone, kept, make_keys
from shared.settings import store_file
from tests.clients.command import guestlist


def test_a_folder_is_kept_by_one(tmp_path: Path) -> None:
    with kept(tmp_path / "data"):
        with pytest.raises(AlreadyUp), kept(tmp_path / "data"):
            pass
        with pytest.raises(AlreadyUp), kept(tmp_path / "data"):
            pass
    with kept(tmp_path / "data"):
        pass


async def test_nothing_is_imported_into_a_folder_that_is_kept(tmp_path: Path) -> None:
    (archive := tmp_path / "archive").write_text("")
    with kept(tmp_path / "data"):
        ended = await guestlist("import", archive, "--data", tmp_path / "data")
    assert (ended.code, ended.err.partition(":")[0]) == (2, "already-up")


def test_keys_are_made_once_and_never_for_stores_that_had_some(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert make_keys(path, tmp_path)
    store_file(tmp_path, "token").touch()
    assert not make_keys(path, tmp_path)
    path.unlink()
    with pytest.raises(KeysGone):
        make_keys(path, tmp_path)
    assert make_keys(path, None)


@pytest.mark.parametrize(("text", "code"), [("{}", "no-keys"), (None, "keys-gone")])
async def test_what_stands_in_the_way_of_keys_is_told(
    tmp_path: Path, text: str | None, code: str
) -> None:
    path = tmp_path / "keys.json"
    store_file(tmp_path, "token").touch()
    if text is not None:
        path.write_text(text)
    ended = await guestlist("keys", path, "--stores", tmp_path)
    assert (ended.code, ended.err.partition(":")[0]) == (1, code)
