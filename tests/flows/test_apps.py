"""What an app and who looks after it may see: pages, keys, deliveries, and itself."""

from services.installation.commands import (
    LicenceState,
    SendHook,
)
from services.installation.events import (
    HookAnswered,
    LicenceChanged,
)
from services.installation.queries import (
    Addon,
    AppRequest,
    Deliveries,
    InstallKey,
    LinkedDescriptor,
    Page,
)
from services.supervisor import Supervisor
from services.token.commands import RemoveToken
from shared.client import Client
from tests.clients import sample_app as sample
from tests.clients.asking import signed
from tests.clients.audit import Audit
from tests.clients.sample_app import answering
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted, code
from tests.flows.telling import install, keys_of, listed
from tests.rules import rule


@rule("licence.paid")
async def test_the_first_page_is_licensed_and_the_next_after_a_removal_is_not(
    client: Client, audit: Audit
) -> None:
    """Cases 14, 15 and 31."""
    page = {"modules": {"adminPages": [{"key": "admin", "url": "/admin"}]}}
    app_key = "com.example.page"
    await acting.make_site(client, "page")
    async with acting.served(client, app_key, sample.JWT | page):
        _, link = await acting.make_token(client, app_key)
        await acting.install(client, audit, "page", link)
        query = Page(site_id="page", app_key=app_key)
        assert "&lic=active&jwt=" in (await acting.ask(client, query, BOB))["url"]
        await accepted(client, ANN, RemoveToken(app_key=app_key, token_id=1))
        await audit.see(LicenceChanged, site_id="page", state=LicenceState.NONE)
        assert "&lic=none&jwt=" in (await acting.ask(client, query, BOB))["url"]


@rule("hooks.again")
@rule("hooks.shown")
async def test_an_admin_sees_what_was_told_and_has_it_told_again(
    client: Client, audit: Audit
) -> None:
    async with listed(client, "shown") as app:
        on_site = {"site_id": "shown", "app_key": "com.example.shown"}
        await install(client, audit, "shown")
        await audit.see(HookAnswered, site_id="shown", hook="enabled")
        assert code(await client.send(SendHook(**on_site, hook="disabled"), actor=BOB)) == (
            "hook-not-due"
        )
        app.answer = answering(500, b"\x1b[31mout of order")
        await accepted(client, BOB, SendHook(**on_site, hook="enabled"))
        await audit.see(HookAnswered, site_id="shown", hook="enabled", outcome="refused")
        view = await acting.ask(client, Deliveries(**on_site), BOB)
        rows = [(row["hook"], row["outcome"], row["status"]) for row in view["deliveries"]]
        assert rows == [
            ("installed", "taken", 204),
            ("enabled", "taken", 204),
            ("enabled", "refused", 500),
        ]
        assert view["deliveries"][-1]["head"] == "\x1b[31mout of order"
        assert view["waiting"] == []
        assert [row.hook for row in app.told] == ["installed", "enabled", "enabled"]
        assert code(await client.query(Deliveries(**on_site), actor=ANN)) == "not-an-admin"


async def test_the_public_key_is_told_on_the_bus_too(house: Supervisor, client: Client) -> None:
    ((kid, pem),) = keys_of(house).items()
    shown = await acting.ask(client, InstallKey(kid=kid), "stranger")
    assert shown["pem"].encode() == pem
    assert code(await client.query(InstallKey(kid="absent"), actor="stranger")) == "unknown-key"


async def test_an_app_is_known_on_the_bus_by_its_token(client: Client, audit: Audit) -> None:
    path = "/rest/atlassian-connect/1/addons/com.example.known"
    async with listed(client, "known") as app:
        await install(client, audit, "known")
        for token, status in ((signed(app.told[0], path), "ok"), ("x", "refused")):
            request = AppRequest(path=path, token=token)
            query = Addon(site_id="known", app_key="com.example.known", request=request)
            assert (await client.query(query, actor="gateway")).status == status


async def test_a_descriptor_is_found_by_its_link_on_the_bus(client: Client) -> None:
    async with listed(client, "linked") as app:
        app_key = "com.example.linked"
        token, _ = await acting.make_token(client, app_key)
        query = LinkedDescriptor(app_key=app_key, build=1, token=token)
        assert await acting.ask(client, query, "stranger") == {"descriptor": app.descriptor}
        bare = LinkedDescriptor(app_key=app_key, build=1)
        assert code(await client.query(bare, actor="stranger")) == "descriptor-not-listed"
