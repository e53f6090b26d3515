"""The accounts that sign in over HTTP, and the command that deals with them."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.accounts import AccountExists, Accounts, NoAccount, SignedIn
from services.api_keys import ROLES, Role
from services.cli.main import run
from shared.names import SERVICE_ACCOUNT


def test_an_account_is_admitted_by_its_password_alone(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    assert not accounts.begun
    password, other = accounts.add("ann"), accounts.add("bob")
    assert accounts.roles == {"ann": "any", "bob": "any"}
    assert accounts.by_password("ann", password)
    assert accounts.by_password("bob", other)
    for name, wrong in (("ann", other), ("eve", password), ("ann", ""), ("eve", "")):
        assert not accounts.by_password(name, wrong)


def test_the_file_has_no_password_and_is_for_its_owner(tmp_path: Path) -> None:
    password = Accounts(tmp_path).add("ann")
    file = tmp_path / "accounts.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert password not in file.read_text()
    assert json.loads(file.read_text())["ann"]["password"].startswith("$argon2id$")


def test_a_password_that_was_right_is_known_again_while_it_is(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    password = accounts.add("ann")
    assert accounts.again("ann", password) is None
    assert accounts.by_password("ann", password)
    assert accounts.again("ann", password) == SignedIn("ann")
    assert accounts.again("ann", password[:-1]) is None
    assert accounts.again("bob", password) is None
    accounts.remove("ann")
    assert accounts.again("ann", password) is None
    accounts.add("ann")
    assert accounts.again("ann", password) is None


def test_what_is_there_stays_and_what_is_not_is_told(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    password = accounts.add("ann")
    for name in ("ann", SERVICE_ACCOUNT):
        with pytest.raises(AccountExists):
            accounts.add(name)
    assert accounts.by_password("ann", password)
    accounts.remove("ann")
    assert not accounts.by_password("ann", password)
    assert accounts.begun
    with pytest.raises(NoAccount):
        accounts.remove("ann")


def test_accounts_that_are_added_at_once_are_all_there(tmp_path: Path) -> None:
    names = [f"account-{number}" for number in range(12)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(Accounts(tmp_path).add, names))
    assert set(Accounts(tmp_path).roles) == set(names)


def test_the_command_adds_lists_and_removes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on = ["--data", str(tmp_path)]
    assert run(["account", "add", "ann", "--json", *on]) == 0
    (made,) = json.loads(capsys.readouterr().out)
    assert Accounts(tmp_path).by_password("ann", made["password"])
    assert run(["account", *on]) == 0
    assert capsys.readouterr().out == "ann\tany\n"
    assert run(["account", "add", "ann", *on]) == 1
    assert run(["account", "remove", "ann", *on]) == 0
    assert run(["account", "remove", "ann", *on]) == 1
    assert Accounts(tmp_path).roles == {}


@pytest.mark.parametrize(
    "typed", ["add", "remove", "drop ann", "list ann", "add Ann", "add bob --role king"]
)
def test_a_wrong_call_changes_nothing(tmp_path: Path, typed: str) -> None:
    Accounts(tmp_path).add("ann")
    before = (tmp_path / "accounts.json").read_bytes()
    assert run(["account", *typed.split(), "--data", str(tmp_path)]) == 2
    assert (tmp_path / "accounts.json").read_bytes() == before


@pytest.mark.parametrize("role", ROLES)
def test_an_account_signs_in_for_what_its_role_is_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], role: Role
) -> None:
    typed = ["account", "add", "ann", "--role", role, "--json", "--data", str(tmp_path)]
    assert run(typed) == 0
    (made,) = json.loads(capsys.readouterr().out)
    accounts = Accounts(tmp_path)
    assert accounts.roles == {"ann": role}
    for sign_in in (accounts.by_password, accounts.again):
        assert sign_in("ann", made["password"]) == SignedIn("ann", ROLES[role])


@pytest.mark.parametrize("text", ["", "[]", '{"ann'])
def test_a_damaged_file_is_told_and_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(text)
    for typed in (["account"], ["account", "add", "ann"]):
        assert run([*typed, "--data", str(tmp_path)]) == 1
        assert capsys.readouterr().err.startswith(f"damaged: {file} holds no accounts\n")
    assert file.read_text() == text
