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


def test_the_url_that_others_know_stays_at_another_port(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = free_port(), free_port()
    monkeypatch.setenv("GUESTLIST_PUBLIC_URL", "https://market.example.com")
    Address.of(tmp_path, first)
    monkeypatch.delenv("GUESTLIST_PUBLIC_URL")
    assert Address.of(tmp_path, second) == (second, "https://market.example.com")


def test_the_own_url_follows_the_port(tmp_path: Path) -> None:
    Address.of(tmp_path, free_port())
    port = free_port()
    assert Address.of(tmp_path, port).public_url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")],
)
def test_the_own_url_leads_to_where_it_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, shown: str
) -> None:
    monkeypatch.setenv("GUESTLIST_HTTP_HOST", host)
    port = free_port()
    assert Address.of(tmp_path, port).local == f"http://{shown}:{port}"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"port": 1}'])
def test_a_file_that_holds_none_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "http.json").write_text(text)
    with pytest.raises(NotStarted, match="names no address"):
        Address.of(tmp_path, None)
