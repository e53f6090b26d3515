"""The keys by which apps know that a marketplace tells them something."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.jwk import RSAKey

from shared.install_keys import InstallKeys


def test_the_first_key_is_made_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    (kid,) = InstallKeys.open(folder).ids
    assert InstallKeys.open(folder).ids == [kid]
    assert stat.S_IMODE((folder / f"{kid}.pem").stat().st_mode) == 0o600


def test_a_public_key_is_pem_with_line_feeds_and_one_at_its_end(tmp_path: Path) -> None:
    keys = InstallKeys.open(tmp_path)
    pem = keys.public(keys.newest[0])
    assert pem is not None
    assert isinstance(load_pem_public_key(pem), RSAPublicKey)
    assert pem.startswith(b"-----BEGIN PUBLIC KEY-----\n")
    assert pem.endswith(b"\n-----END PUBLIC KEY-----\n")
    assert b"\r" not in pem


def test_the_newest_key_signs_and_the_old_ones_stay(tmp_path: Path) -> None:
    keys = InstallKeys.open(tmp_path)
    old, _ = keys.newest
    (tmp_path / f"{old}.pem").rename(tmp_path / "20200101t000000z-00.pem")
    new = keys.make()
    assert keys.newest[0] == new
    assert keys.public("20200101t000000z-00") not in (None, keys.public(new))


def test_a_key_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, read = InstallKeys.open(tmp_path), []

    def import_key(pem: bytes) -> RSAKey:
        read.append(pem)
        return real(pem)

    real = RSAKey.import_key
    monkeypatch.setattr(RSAKey, "import_key", import_key)
    for _ in range(3):
        assert keys.public(keys.newest[0])
    assert len(read) == 1


def test_no_other_file_is_a_key(tmp_path: Path) -> None:
    keys = InstallKeys.open(tmp_path / "keys")
    (tmp_path / "other.pem").write_bytes(keys.public(keys.ids[0]) or b"")
    for kid in ("", "../other", "missing", f"{keys.ids[0]}.pem"):
        assert keys.public(kid) is None
