"""Where a house is reached stays, and what can't be read of it is told."""

from pathlib import Path

import pytest

from services.address import Address
from services.ports import NotStarted
from tests.clients.ports import free_port


def test_it_stays(tmp_path: Path) -> None:
    port = free_port()
    first = Address.of(tmp_path, port)
    written = (tmp_path / "http.json").stat().st_mtime_ns
    assert Address.of(tmp_path, None) == first
    assert (tmp_path / "http.json").stat().st_mtime_ns == written


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"port": 1}'])
def test_a_file_that_holds_none_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "http.json").write_text(text)
    with pytest.raises(NotStarted, match="names no address"):
        Address.of(tmp_path, None)
