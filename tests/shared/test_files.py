"""A file is there whole or not at all."""

import stat
from pathlib import Path

import pytest

from shared.files import write_anew, write_new, writing_anew


def test_a_file_is_for_its_owner_only_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    write_new(path, b"1")
    write_anew(path, b"2")
    assert (path.read_bytes(), [*tmp_path.iterdir()]) == (b"2", [path])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_written_half_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    path.write_bytes(b"before")
    with pytest.raises(RuntimeError), writing_anew(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert (path.read_bytes(), [*tmp_path.iterdir()]) == (b"before", [path])


def test_one_that_is_there_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(b"before")
    with pytest.raises(FileExistsError):
        write_new(path, b"after")
    assert (path.read_bytes(), [*tmp_path.iterdir()]) == (b"before", [path])


@pytest.mark.parametrize("write", [write_new, write_anew])
def test_where_the_disk_takes_nothing_nothing_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: object
) -> None:
    def full(_: int) -> None:
        raise OSError

    monkeypatch.setattr("os.fsync", full)
    assert callable(write)
    with pytest.raises(OSError):  # any
        write(tmp_path / "keys.json", b"1")
    assert [*tmp_path.iterdir()] == []
