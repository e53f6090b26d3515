"""An app of type jwt is told what becomes of it on a site, signed and in order."""

import asyncio
import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from services.installation.commands import (
    DisableApp,
    EnableApp,
    RenameSite,
    ResetSite,
    RotateSecret,
    UninstallApp,
)
from services.installation.events import (
    AppInstalled,
    AppUpdated,
    HookAnswered,
    InstallFailed,
)
from services.installation.queries import (
    App,
)
from services.listing.commands import PublishVersion
from services.supervisor import Supervisor
from shared.client import Client
from tests.clients.audit import Audit
from tests.clients.command import guestlist, read_line, started
from tests.clients.ports import free_port
from tests.clients.sample_app import Told, answering
from tests.clients.verifying import by_key, by_secret
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted, code
from tests.flows.telling import install, keys_of, listed, secret, told
from tests.rules import rule


@rule("hooks.install")
@rule("hooks.order")
async def test_a_life_on_a_site_is_told_in_order(
    house: Supervisor, client: Client, audit: Audit
) -> None:
    async with listed(client, "life") as app:
        on_site = {"site_id": "life", "app_key": "com.example.life"}
        assert isinstance(await install(client, audit, "life"), AppInstalled)
        await accepted(client, BOB, DisableApp(**on_site))
        await accepted(client, BOB, EnableApp(**on_site))
        await accepted(client, BOB, UninstallApp(**on_site))
        rows = await told(
            app, "installed", "enabled", "disabled", "enabled", "disabled", "uninstalled"
        )
        keys = keys_of(house)
        for row in (rows[0], rows[-1]):
            by_key(app, row, keys)
        for row in rows[1:-1]:
            by_secret(app, row, secret(rows[0]))
        assert len({row.body["clientKey"] for row in rows}) == 1


@rule("hooks.install")
async def test_an_app_that_refuses_is_not_installed_and_a_retry_works(
    client: Client, audit: Audit
) -> None:
    async with listed(client, "retry") as app:
        _, link = await acting.make_token(client, "com.example.retry")
        app.answer = answering(500, b"no")
        ending = await acting.install(client, audit, "retry", link)
        assert isinstance(ending, InstallFailed)
        assert ending.code == "hook-refused"
        assert ending.detail.endswith("/installed answered 500.")
        answer = await client.query(App(site_id="retry", app_key="com.example.retry"), actor=BOB)
        assert code(answer) == "not-installed"
        (token,) = await acting.tokens_of(client, "com.example.retry")
        assert (token["site_id"], token["status"]) == ("retry", "cleared")

        app.answer = answering(200)
        assert isinstance(await acting.install(client, audit, "retry", link), AppInstalled)
        first, second, _ = await told(app, "installed", "installed", "enabled")
        assert secret(first) != secret(second)
        view = await acting.app_on(client, "retry", "com.example.retry")
        assert (view["lic"], view["client_key"]) == ("active", second.body["clientKey"])


@rule("hooks.secret")
async def test_installing_again_sends_the_hook_again_with_the_same_secret(
    client: Client, audit: Audit
) -> None:
    """Case 1."""
    async with listed(client, "same") as app:
        await install(client, audit, "same")
        assert isinstance(await install(client, audit, "same"), AppUpdated)
        first, _, again = await told(app, "installed", "enabled", "installed")
        assert first.body == again.body


@rule("sites.rename")
async def test_a_renamed_site_tells_its_new_url_and_nothing_else(
    house: Supervisor, client: Client, audit: Audit
) -> None:
    """Case 2."""
    async with listed(client, "moved") as app:
        await install(client, audit, "moved")
        url = "https://moved-away.example.com"
        await accepted(client, BOB, RenameSite(site_id="moved", base_url=url))
        first, _, again = await told(app, "installed", "enabled", "installed")
        by_key(app, again, keys_of(house))
        changed = {name for name, value in again.body.items() if value != first.body[name]}
        assert changed == {"baseUrl", "displayUrl", "description"}
        assert again.body["baseUrl"] == url
        await audit.see(HookAnswered, site_id="moved", hook="installed", outcome="taken")


@rule("sites.reset")
async def test_a_reset_site_is_another_one_and_the_old_one_is_gone(
    client: Client, audit: Audit
) -> None:
    """Case 3."""
    async with listed(client, "anew") as app:
        await install(client, audit, "anew")
        await accepted(client, BOB, ResetSite(site_id="anew"))
        assert isinstance(await install(client, audit, "anew"), AppInstalled)
        rows = await told(
            app, "installed", "enabled", "disabled", "uninstalled", "installed", "enabled"
        )
        old, new = rows[0].body["clientKey"], rows[-1].body["clientKey"]
        assert [row.body["clientKey"] for row in rows] == [old] * 4 + [new] * 2
        assert old != new
        assert secret(rows[0]) != secret(rows[-2])


@rule("hooks.secret")
async def test_a_new_installation_has_a_new_secret(client: Client, audit: Audit) -> None:
    """Case 10."""
    async with listed(client, "back") as app:
        await install(client, audit, "back")
        await accepted(client, BOB, UninstallApp(site_id="back", app_key="com.example.back"))
        await install(client, audit, "back")
        rows = await told(
            app, "installed", "enabled", "disabled", "uninstalled", "installed", "enabled"
        )
        assert len({row.body["clientKey"] for row in rows}) == 1
        assert secret(rows[0]) != secret(rows[-2])
        by_secret(app, rows[-1], secret(rows[-2]))


@rule("hooks.secret")
async def test_another_secret_counts_once_the_app_has_taken_it(
    client: Client, audit: Audit
) -> None:
    async with listed(client, "rotate") as app:
        await install(client, audit, "rotate")
        on_site = {"site_id": "rotate", "app_key": "com.example.rotate"}
        app.answer = answering(503)
        await accepted(client, BOB, RotateSecret(**on_site))
        await audit.see(InstallFailed, site_id="rotate", code="hook-refused")
        app.answer = answering(204)
        await accepted(client, BOB, DisableApp(**on_site))
        await accepted(client, BOB, RotateSecret(**on_site))
        await audit.see(AppUpdated, site_id="rotate")
        await accepted(client, BOB, EnableApp(**on_site))
        rows = await told(
            app, "installed", "enabled", "installed", "disabled", "installed", "enabled"
        )
        by_secret(app, rows[3], secret(rows[0]))
        by_secret(app, rows[5], secret(rows[4]))
        assert len({secret(rows[number]) for number in (0, 2, 4)}) == 3


@rule("installs.update")
async def test_an_upgrade_that_the_app_refuses_leaves_the_version_before(
    client: Client, audit: Audit
) -> None:
    async with listed(client, "upgrade") as app:
        app_key = "com.example.upgrade"
        _, link = await acting.make_token(client, app_key)
        await acting.install(client, audit, "upgrade", link)
        app.answer = answering(404)
        app.change(description="newer")
        await accepted(client, ANN, PublishVersion(app_key=app_key))
        await audit.see(InstallFailed, site_id="upgrade", code="hook-refused")
        view = await acting.app_on(client, "upgrade", app_key)
        assert (view["version"], view["enabled"], view["lic"]) == ("1.0.0", True, "active")
        app.answer = answering(204)
        assert isinstance(await install(client, audit, "upgrade"), AppUpdated)
        installs = ["installed"] * 3  # what it refused, what the link leads to, and the newest
        first, _, *again = await told(app, "installed", "enabled", *installs)
        assert {secret(row) for row in again} == {secret(first)}


@rule("installs.uninstall")
async def test_an_app_is_uninstalled_whatever_it_answers(client: Client, audit: Audit) -> None:
    async with listed(client, "rude") as app:
        on_site = {"site_id": "rude", "app_key": "com.example.rude"}
        await install(client, audit, "rude")
        await told(app, "installed", "enabled")
        await accepted(client, BOB, DisableApp(**on_site))
        await told(app, "installed", "enabled", "disabled")
        app.answer = answering(500, b"never")
        await accepted(client, BOB, UninstallApp(**on_site))
        await told(app, "installed", "enabled", "disabled", "uninstalled")
        await audit.see(HookAnswered, site_id="rude", hook="uninstalled", outcome="refused")
        assert code(await client.query(App(**on_site), actor=BOB)) == "not-installed"


@pytest.mark.parametrize("victim", ["installation", "nats"])
async def test_an_install_is_told_though_something_dies_meanwhile(
    house: Supervisor, client: Client, audit: Audit, victim: str
) -> None:
    async with listed(client, f"dies-{victim}") as app:
        slow = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wait(handler: BaseHTTPRequestHandler, row: Told) -> None:
            asyncio.run_coroutine_threadsafe(slow.wait(), loop).result(4)
            answering(204)(handler, row)

        app.answer = wait
        ending = asyncio.create_task(install(client, audit, f"dies-{victim}"))
        await told(app, "installed")
        await acting.kill(house, victim)
        slow.set()
        assert isinstance(await ending, AppInstalled)
        async with asyncio.timeout(20):
            while app.told[-1].hook != "enabled":
                await asyncio.sleep(0.02)
        *installed, _ = app.told
        assert {row.hook for row in installed} == {"installed"}
        assert len({secret(row) for row in installed}) == 1


@pytest.mark.extra
async def test_a_slow_app_keeps_no_other_from_being_installed(client: Client, audit: Audit) -> None:
    slow, loop = asyncio.Event(), asyncio.get_running_loop()

    def hang(handler: BaseHTTPRequestHandler, row: Told) -> None:
        asyncio.run_coroutine_threadsafe(slow.wait(), loop).result(30)
        answering(204)(handler, row)

    async with listed(client, "slow") as app, listed(client, "quick"):
        app.answer = hang
        sites = [f"slow-{number}" for number in range(40)]
        await asyncio.gather(*(acting.make_site(client, site) for site in sites))
        link = acting.descriptor_link("com.example.slow")
        installs = [
            asyncio.create_task(acting.install(client, audit, site, link)) for site in sites
        ]
        await told(app, *["installed"] * 8)
        assert isinstance(await install(client, audit, "quick"), AppInstalled)
        assert (len(app.told), {task.done() for task in installs}) == (8, {False})
        slow.set()
        for ending in await asyncio.gather(*installs):
            assert isinstance(ending, AppInstalled)


@pytest.mark.parametrize(
    ("typed", "outcome"),
    [((), "not-sent"), pytest.param(("--hooks",), "taken", marks=pytest.mark.extra)],
)
async def test_a_scratch_copy_tells_apps_nothing_unless_it_is_asked_to(
    house: Supervisor,
    client: Client,
    audit: Audit,
    tmp_path: Path,
    typed: tuple[str, ...],
    outcome: str,
) -> None:
    site_id = f"copied-{outcome}"
    there, here = {"GUESTLIST_DATA": str(house.data)}, {"GUESTLIST_DATA": str(tmp_path / "copy")}
    async with listed(client, site_id) as app:
        await install(client, audit, site_id)
        await audit.see(HookAnswered, site_id=site_id, hook="enabled")
        archive = tmp_path / "house.jsonl"
        assert (await guestlist("export", archive, settings=there)).code == 0
        ports = ("--port", str(free_port()), "--http-port", str(free_port()))
        up: list[str | Path] = ["up", "--from", archive, "--development", *ports, *typed]
        async with started(*up, settings=here) as running:
            assert await read_line(running.stdout)
            on_site = (f"site_id={site_id}", f"app_key=com.example.{site_id}")
            disable = ("send", "DisableApp", *on_site, "--as", BOB)
            assert (await guestlist(*disable, settings=here)).code == 0
            shown = ("deliveries", site_id, f"com.example.{site_id}", "--as", BOB, "--json")
            async with asyncio.timeout(15):
                while True:
                    rows = json.loads((await guestlist(*shown, settings=here)).out)
                    if len(rows) == 3:
                        break
        assert [row["outcome"] for row in rows] == ["taken", "taken", outcome]
        assert [row.hook for row in app.told[2:]] == ["disabled"] * (outcome == "taken")
