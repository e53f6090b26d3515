"""API keys, with which programs sign in over HTTP: for some things, until they end."""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

import httpx2
import pytest

from services.accounts import Accounts, BeyondRole, NoAccount, NoKey, SignedIn
from services.api_keys import ROLES, SCOPES, MadeKey, Scope
from services.cli.main import run
from services.gateway.door import AT_ONCE, WAITING, Door
from services.gateway.problems import NotDone
from services.supervisor import Supervisor
from shared.client import Client
from tests.clients import sample_app as sample
from tests.clients.audit import Audit
from tests.flows import acting
from tests.flows.acting import BOB

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
APP, SITE = "com.example.keyed", "keyed"
PLUGINS = f"/site/{SITE}/rest/plugins/1.0"


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    """Ann and Bob."""
    made = Accounts(tmp_path)
    made.add("ann")
    made.add("bob")
    return made


def test_a_key_signs_its_account_in_for_its_scopes(accounts: Accounts) -> None:
    key = accounts.add_key("ann", ["apps:read", "sites:read"], now=NOW).text
    other = accounts.add_key("ann", ["apps:read"], now=NOW).text
    signed_in = accounts.by_key(key, NOW)
    assert signed_in == SignedIn("ann", frozenset({"apps:read", "sites:read"}))
    swapped = key[:13] + other[13:]
    for wrong in (swapped, key[:-1], f"{key}x", key.upper(), key.replace("glk", "glx"), "", "glk_"):
        assert accounts.by_key(wrong, NOW) is None, wrong


@pytest.mark.parametrize("kind", ["sites", "apps"])
def test_who_may_write_may_read(kind: str) -> None:
    write: Scope = "sites:write" if kind == "sites" else "apps:write"
    made = MadeKey.make([write], None, None, NOW)
    assert made.key.grants == {f"{kind}:read", f"{kind}:write"}


def test_a_key_is_good_until_it_expires(accounts: Accounts) -> None:
    key = accounts.add_key("ann", ["apps:read"], now=NOW, life=timedelta(days=1)).text
    end = NOW + timedelta(days=1)
    assert accounts.by_key(key, end - timedelta(seconds=1)) is not None
    assert accounts.by_key(key, end) is None
    ever = accounts.add_key("ann", ["apps:read"], now=NOW).text
    assert accounts.by_key(ever, NOW + timedelta(days=36500)) is not None


def test_a_key_that_is_removed_signs_nobody_in_and_the_others_do(accounts: Accounts) -> None:
    first, second = (accounts.add_key("ann", ["apps:read"], now=NOW) for _ in range(2))
    accounts.remove_key(first.id)
    assert accounts.by_key(first.text, NOW) is None
    assert accounts.by_key(second.text, NOW) is not None
    with pytest.raises(NoKey):
        accounts.remove_key(first.id)
    with pytest.raises(NoAccount):
        accounts.add_key("eve", ["apps:read"], now=NOW)


def test_an_account_that_is_removed_takes_its_keys_along(accounts: Accounts) -> None:
    key, bobs = (accounts.add_key(name, ["apps:read"], now=NOW) for name in ("ann", "bob"))
    accounts.remove("ann")
    accounts.add("ann")
    assert accounts.by_key(key.text, NOW) is None
    assert [(kept.account, kept.id) for kept in accounts.keys] == [("bob", bobs.id)]


def test_a_key_is_for_no_more_than_its_account(accounts: Accounts, tmp_path: Path) -> None:
    accounts.add("pat", "partner")
    with pytest.raises(BeyondRole, match="pat has the role partner, which isn't for sites:read"):
        accounts.add_key("pat", ["apps:read", "sites:read"], now=NOW)
    assert accounts.keys == ()
    key = accounts.add_key("pat", ["apps:write"], now=NOW).text
    assert accounts.by_key(key, NOW) == SignedIn("pat", ROLES["partner"])
    file = tmp_path / "accounts.json"
    file.write_text(file.read_text().replace('"role": "partner"', '"role": "reader"'))
    assert accounts.roles["pat"] == "reader"
    assert accounts.by_key(key, NOW) == SignedIn("pat", frozenset({"apps:read"}))


def test_the_file_has_no_key_and_keys_added_at_once_are_all_there(
    accounts: Accounts, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(12) as pool:
        made = [
            *pool.map(lambda _: accounts.add_key("ann", ["apps:read"], now=NOW), range(12)),
        ]
    assert {kept.id for kept in accounts.keys} == {key.id for key in made}
    text = (tmp_path / "accounts.json").read_text()
    for key in made:
        assert key.text.rpartition("_")[2] not in text
        assert accounts.by_key(key.text, NOW) is not None


def test_accounts_from_before_there_were_keys_are_read(accounts: Accounts, tmp_path: Path) -> None:
    file = tmp_path / "accounts.json"
    now_kept = json.loads(file.read_text())
    file.write_text(json.dumps({name: row["password"] for name, row in now_kept.items()}))
    assert accounts.roles == {"ann": "any", "bob": "any"}
    key = accounts.add_key("ann", ["apps:read"], now=NOW)
    assert accounts.by_key(key.text, NOW) is not None
    assert json.loads(file.read_text())["bob"] == now_kept["bob"]


def test_the_command_adds_lists_and_removes(
    accounts: Accounts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on = ["--json", "--data", str(tmp_path)]
    add = ["api-key", "add", "ann", "--scope", "sites:write", "--note", "CI", "--expires", "7", *on]
    assert run(add) == 0
    (made,) = json.loads(capsys.readouterr().out)
    signed_in = accounts.by_key(made["key"], datetime.now(UTC))
    assert signed_in == SignedIn("ann", frozenset({"sites:read", "sites:write"}))
    assert run(["api-key", *on]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed == made | {"key": None}
    assert (listed["note"], listed["scopes"]) == ("CI", ["sites:write"])
    assert run(["api-key", "list", "bob", *on]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run(["api-key", "remove", made["id"], *on]) == 0
    assert accounts.keys == ()


@pytest.mark.parametrize(
    "typed", ["add", "remove", "drop x", "add ann --scope all", "add ann", "add ann --expires 0"]
)
def test_a_wrong_call_changes_nothing(accounts: Accounts, tmp_path: Path, typed: str) -> None:
    before = (tmp_path / "accounts.json").read_bytes()
    assert run(["api-key", *typed.split(), "--data", str(tmp_path)]) == 2
    assert (tmp_path / "accounts.json").read_bytes() == before
    assert accounts.keys == ()


@pytest.mark.parametrize("note", ["\udcff", "x" * 201])
def test_a_note_that_cannot_be_kept_is_told(
    accounts: Accounts, tmp_path: Path, capsys: pytest.CaptureFixture[str], note: str
) -> None:
    """The first is what a byte becomes that is no UTF-8."""
    add = ["api-key", "add", "ann", "--scope", "apps:read", "--data", str(tmp_path), "--note"]
    assert run([*add, note]) == 2
    assert capsys.readouterr().err.startswith("bad-request: --note: ")
    assert accounts.keys == ()
    assert run([*add, "x" * 200]) == 0


class Watched(Accounts):
    """Accounts that know how many passwords were compared at once."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self._counting, self._now, self.most = Lock(), 0, 0

    def by_password(self, name: str, password: str) -> SignedIn | None:
        with self._counting:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return super().by_password(name, password)
        finally:
            with self._counting:
                self._now -= 1


async def test_few_passwords_are_compared_at_once(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.add("ann")
    door = Door(watched)
    await asyncio.gather(*(door.by_password("ann", "x") for _ in range(WAITING)))
    assert watched.most == AT_ONCE


async def test_a_flood_of_passwords_is_told_to_come_again_and_keeps_nobody_out(
    accounts: Accounts,
) -> None:
    door, right = Door(accounts), accounts.add("mia")
    key = accounts.add_key("ann", ["apps:read"], now=NOW).text
    assert await door.by_password("mia", right) == SignedIn("mia")
    flood = [asyncio.create_task(door.by_password("ann", "x")) for _ in range(WAITING + 3)]
    await asyncio.sleep(0)
    assert await door.by_key(key) is not None
    assert await door.by_password("mia", right) == SignedIn("mia")
    ended = await asyncio.gather(*flood, return_exceptions=True)
    busy = [row for row in ended if isinstance(row, NotDone)]
    assert [row.problem.status for row in busy] == [429] * 3
    assert ended.count(None) == WAITING
    assert await door.by_password("ann", "x") is None


@pytest.fixture(scope="module")
async def bobs(house: Supervisor, client: Client, audit: Audit) -> AsyncIterator[Accounts]:
    """The accounts of a house where Bob has a site with an app."""
    await acting.make_site(client, SITE)
    async with acting.served(client, APP, sample.JWT) as app:
        await acting.install(client, audit, SITE, app.url)
    known = Accounts(house.data)
    known.add(BOB)
    yield known


@pytest.mark.flow
async def test_a_program_signs_in_by_a_key_in_either_way(
    bobs: Accounts, http: httpx2.AsyncClient
) -> None:
    made = bobs.add_key(BOB, ["sites:read"], now=datetime.now(UTC))
    bearer = {"Authorization": f"Bearer {made.text}"}
    assert (await http.get(f"{PLUGINS}/", headers=bearer)).status_code == 200
    assert (await http.get(f"{PLUGINS}/", auth=(BOB, made.text))).status_code == 200
    for answer in (
        await http.get(f"{PLUGINS}/", auth=("ann", made.text)),
        await http.get(f"{PLUGINS}/", headers={"Authorization": f"Bearer {made.text[:-1]}x"}),
        await http.get(f"{PLUGINS}/", headers={"Authorization": "Bearer"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated")
    bobs.remove_key(made.id)
    assert (await http.get(f"{PLUGINS}/", headers=bearer)).status_code == 401


@pytest.mark.flow
@pytest.mark.parametrize("scope", SCOPES)
async def test_a_key_is_for_its_scopes_alone(
    bobs: Accounts, http: httpx2.AsyncClient, scope: Scope
) -> None:
    """Whatever its account may do; what is beyond is refused before the services are asked."""
    made = bobs.add_key(BOB, [scope], now=datetime.now(UTC))
    for wanted, method, path in (
        ("sites:read", "GET", f"{PLUGINS}/{APP}-key"),
        ("sites:read", "GET", f"/site/{SITE}/apps/{APP}/page"),
        ("sites:write", "PUT", f"{PLUGINS}/{APP}-key"),
        ("sites:write", "POST", f"{PLUGINS}/license-tokens"),
        ("apps:read", "GET", f"/rest/3/app-software/{APP}/tokens"),
        ("apps:write", "POST", f"/rest/3/app-software/{APP}/tokens"),
        ("metrics:read", "GET", "/metrics"),
    ):
        answer = await http.request(
            method, path, headers={"Authorization": f"Bearer {made.text}"}, json={"enabled": True}
        )
        lacking = answer.status_code == 403 and answer.json()["code"] == "scope-missing"
        assert lacking == (wanted not in made.key.grants), (scope, path, answer.text)
        if lacking:
            assert wanted in answer.json()["detail"]


@pytest.mark.flow
async def test_a_reader_looks_and_changes_nothing(bobs: Accounts, http: httpx2.AsyncClient) -> None:
    pat = ("pat", bobs.add("pat", "reader"))
    looked = await http.get(f"{PLUGINS}/", auth=pat)
    assert looked.json()["code"] == "not-an-admin"  # by the service
    changed = await http.delete(f"{PLUGINS}/{APP}-key", auth=pat)
    assert changed.json()["code"] == "scope-missing"
