"""New versions reach the sites that follow them, through the bus."""

from services.installation.commands import ApproveUpdate, ClearToken, DisableApp, SetToken
from services.installation.events import AppInstalled, AppUpdated, UpdateOffered
from services.listing.commands import MakePrivate, PublishVersion, SetVersionVisibility
from services.listing.queries import Listing
from services.token.commands import CreateToken
from shared.client import Client
from tests.clients.audit import Audit
from tests.clients.sample_app import SampleApp
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted, code
from tests.rules import rule


async def publish(client: Client, app: SampleApp, **changes: object) -> str:
    """Publish the next version with what changed in the descriptor; gives its number."""
    app.change(**changes)
    app_key = app.descriptor["key"]
    await accepted(client, ANN, PublishVersion(app_key=app_key))
    listing = await acting.ask(client, Listing(app_key=app_key), ANN)
    return str(listing["versions"][-1]["version"])


async def version_on(client: Client, site_id: str, app_key: str) -> str:
    """The version that a site has."""
    return str((await acting.app_on(client, site_id, app_key))["version"])


@rule("versions.roll-out")
async def test_major_and_micro_versions_reach_each_site_by_themselves(
    client: Client, audit: Audit
) -> None:
    app_key = "com.example.rolls"
    async with acting.served(client, app_key) as app:
        for site_id in ("rolls-a", "rolls-b"):
            await acting.make_site(client, site_id)
            _, link = await acting.make_token(client, app_key)
            await acting.install(client, audit, site_id, link)
        await accepted(client, BOB, DisableApp(site_id="rolls-b", app_key=app_key))
        for version in (await publish(client, app, description="more"), "2.0.0"):
            if version == "2.0.0":
                await publish(client, app, apiVersion=2)
            for site_id in ("rolls-a", "rolls-b"):
                await audit.see(AppUpdated, site_id=site_id, app_key=app_key, version=version)
    assert (await acting.app_on(client, "rolls-b", app_key))["enabled"] is False
    assert (await acting.app_on(client, "rolls-a", app_key))["lic"] == "active"


@rule("versions.approval")
@rule("versions.minor")
async def test_a_minor_version_reaches_a_site_once_its_admin_approves(
    client: Client, audit: Audit
) -> None:
    """Case 27."""
    app_key, site_id = "com.example.asks", "asks"
    async with acting.served(client, app_key) as app:
        await acting.make_site(client, site_id)
        _, link = await acting.make_token(client, app_key)
        await acting.install(client, audit, site_id, link)
        early = ApproveUpdate(site_id=site_id, app_key=app_key, version="1.1.0")
        assert code(await client.send(early, actor=BOB)) == "nothing-to-approve"
        assert await publish(client, app, scopes=["READ"]) == "1.1.0"
        await audit.see(UpdateOffered, site_id=site_id, version="1.1.0")
        assert await publish(client, app, description="more") == "1.1.1"
        await audit.see(UpdateOffered, site_id=site_id, version="1.1.1")
    on_site = await acting.app_on(client, site_id, app_key)
    assert (on_site["version"], on_site["waits_for_approval"]) == ("1.0.0", "1.1.1")
    assert code(await client.send(early, actor=BOB)) == "nothing-to-approve"
    approve = ApproveUpdate(site_id=site_id, app_key=app_key, version="1.1.1")
    assert code(await client.send(approve, actor="eve")) == "not-an-admin"
    await accepted(client, BOB, approve)
    await audit.see(AppUpdated, site_id=site_id, version="1.1.1")
    on_site = await acting.app_on(client, site_id, app_key)
    assert (on_site["version"], on_site["waits_for_approval"]) == ("1.1.1", None)


@rule("versions.stay")
@rule("tokens.without")
async def test_a_site_without_a_token_gets_a_private_update_once_it_has_one(
    client: Client, audit: Audit
) -> None:
    app_key, site_id = "com.example.waits", "waits"
    async with acting.served(client, app_key) as app:
        await acting.make_site(client, site_id)
        await acting.make_site(client, "waits-not")
        await acting.install(client, audit, site_id, acting.descriptor_link(app_key))
        token, _ = await acting.make_token(client, app_key)
        _, link = await acting.make_token(client, app_key)
        await acting.install(client, audit, "waits-not", link)
        await publish(client, app, description="more")
        await audit.see(AppUpdated, site_id="waits-not", version="1.0.1")
    on_site = await acting.app_on(client, site_id, app_key)
    assert (on_site["version"], on_site["lic"]) == ("1.0.0", "none")
    await accepted(client, BOB, SetToken(site_id=site_id, app_key=app_key, token=token))
    await audit.see(AppUpdated, site_id=site_id, version="1.0.1")
    await accepted(client, BOB, ClearToken(site_id=site_id, app_key=app_key))
    assert await version_on(client, site_id, app_key) == "1.0.1"


@rule("versions.follow")
@rule("tokens.public")
@rule("tokens.private-cloud")
@rule("versions.beta")
async def test_a_site_follows_private_versions_only_after_a_private_link(
    client: Client, audit: Audit
) -> None:
    app_key = "com.example.follows"
    async with acting.served(client, app_key) as app:
        _, link = await acting.make_token(client, app_key)
        await acting.make_site(client, "by-private")
        await acting.make_site(client, "by-public")
        await acting.install(client, audit, "by-private", link)
        await acting.make_public(client, app_key)
        late = await client.send(CreateToken(app_key=app_key), actor=ANN)
        assert code(late) == "listing-not-private"
        show = SetVersionVisibility(app_key=app_key, build=1, visibility="public")
        await accepted(client, ANN, show)
        ending = await acting.install(client, audit, "by-public", acting.descriptor_link(app_key))
        assert isinstance(ending, AppInstalled)
        app.change(description="for testers")
        beta = PublishVersion(app_key=app_key, visibility="private", beta=True)
        await accepted(client, ANN, beta)
        await audit.see(AppUpdated, site_id="by-private", version="1.0.1")
        await publish(client, app, description="for all")
        for site_id in ("by-private", "by-public"):
            await audit.see(AppUpdated, site_id=site_id, app_key=app_key, version="1.0.2")
    updates = audit.found(AppUpdated, site_id="by-public", app_key=app_key)
    assert [update.version for update in updates] == ["1.0.2"]
    assert (await acting.app_on(client, "by-private", app_key))["lic"] == "active"


@rule("versions.stay")
@rule("form.visibility")
async def test_installed_apps_stay_when_a_listing_is_made_private(
    client: Client, audit: Audit
) -> None:
    app_key = "com.example.stays"
    async with acting.served(client, app_key) as app:
        await acting.make_site(client, "stays")
        await acting.make_public(client, app_key)
        show = SetVersionVisibility(app_key=app_key, build=1, visibility="public")
        await accepted(client, ANN, show)
        await acting.install(client, audit, "stays", acting.descriptor_link(app_key))
        await accepted(client, ANN, MakePrivate(app_key=app_key))
        await publish(client, app, description="more")
        token, _ = await acting.make_token(client, app_key)
        assert await version_on(client, "stays", app_key) == "1.0.0"
        await accepted(client, BOB, SetToken(site_id="stays", app_key=app_key, token=token))
    assert await version_on(client, "stays", app_key) == "1.0.0"
