"""Sites and the apps on them, through the bus."""

import pytest

from services.installation.commands import (
    AddAdmin,
    ClearToken,
    DisableApp,
    DisablePrivateListings,
    EnableApp,
    EnablePrivateListings,
    GenerateToken,
    InstallApp,
    LicenceState,
    RegisterSite,
    RemoveAdmin,
    RenameSite,
    ResetSite,
    SetLicenceState,
    SetToken,
    UninstallApp,
)
from services.installation.events import (
    AppDisabled,
    AppInstalled,
    AppUninstalled,
    InstallFailed,
    SiteRenamed,
    SiteReset,
)
from services.installation.queries import Site, SiteApps
from services.listing.commands import AddMember, PublishVersion, RemoveMember
from services.token.commands import ApplyToken, RemoveToken, SetTokenNote
from services.token.queries import ListTokens
from shared.client import Client
from shared.messages import Command
from tests.clients.audit import Audit
from tests.clients.sample_app import SampleApp
from tests.flows import acting
from tests.flows.acting import ANN, BOB, EVE, OPERATOR, accepted, code
from tests.installation.examples import LIC
from tests.rules import rule


async def installed(client: Client, audit: Audit, name: str) -> tuple[str, str]:
    """A paid app on a site of the same name, by a token link; gives its key and the token."""
    app_key = f"com.example.{name}"
    await acting.list_app(client, app_key)
    await acting.make_site(client, name)
    token, link = await acting.make_token(client, app_key)
    assert isinstance(await acting.install(client, audit, name, link), AppInstalled)
    return app_key, token


async def refused(client: Client, actor: str, command: Command) -> str:
    """The code with which a command is refused."""
    return code(await client.send(command, actor=actor))


@rule("sites.register")
async def test_operators_register_sites(client: Client) -> None:
    url = "https://registered.example.com"
    asked = RegisterSite(site_id="registered", base_url=url, product="jira", admin=BOB)
    assert await refused(client, BOB, asked) == "not-an-operator"
    await accepted(client, OPERATOR, asked)
    assert await refused(client, OPERATOR, asked) == "site-exists"
    site = await acting.ask(client, Site(site_id="registered"), BOB)
    assert (site["base_url"], site["admins"], site["private_listings"]) == (url, [BOB], False)
    assert code(await client.query(Site(site_id="registered"), actor=EVE)) == "not-an-admin"
    assert code(await client.query(Site(site_id="nowhere"), actor=EVE)) == "unknown-site"


@rule("sites.admins")
async def test_admins_let_accounts_in_and_out_but_for_the_last(client: Client) -> None:
    await acting.make_site(client, "admins")
    add = AddAdmin(site_id="admins", account=EVE)
    assert await refused(client, EVE, add) == "not-an-admin"
    await accepted(client, BOB, add)
    await accepted(client, EVE, RemoveAdmin(site_id="admins", account=BOB))
    assert await refused(client, BOB, add) == "not-an-admin"
    leave = RemoveAdmin(site_id="admins", account=EVE)
    assert await refused(client, EVE, leave) == "last-admin"


@rule("sites.rename")
async def test_a_renamed_site_keeps_its_installations_and_tokens(
    client: Client, audit: Audit
) -> None:
    app_key, _ = await installed(client, audit, "renamed")
    before = await acting.app_on(client, "renamed", app_key)
    await accepted(client, BOB, RenameSite(site_id="renamed", base_url="https://new.example.com"))
    renamed = await audit.see(SiteRenamed, site_id="renamed")
    assert renamed.old_base_url == "https://renamed.example.com"
    assert await acting.app_on(client, "renamed", app_key) == before
    (token,) = await acting.tokens_of(client, app_key)
    assert (token["site_id"], token["status"]) == ("renamed", "applied")


@rule("sites.reset")
@rule("tokens.bound")
async def test_a_reset_site_has_nothing_installed_and_keeps_its_tokens(
    client: Client, audit: Audit
) -> None:
    app_key, token = await installed(client, audit, "reset")
    await accepted(client, BOB, ResetSite(site_id="reset"))
    await audit.see(SiteReset, site_id="reset", generation=1)
    assert (await acting.ask(client, SiteApps(site_id="reset"), BOB))["apps"] == []
    (row,) = await acting.tokens_of(client, app_key)
    assert (row["site_id"], row["status"]) == ("reset", "cleared")
    await acting.make_site(client, "beside-reset")
    ending = await acting.install(client, audit, "beside-reset", row["links"]["private"])
    assert isinstance(ending, InstallFailed)
    assert ending.code == "token-bound-to-other-site"
    again = await acting.install(client, audit, "reset", row["links"]["private"])
    assert isinstance(again, AppInstalled)
    assert token == row["token"]


@rule("tokens.switch")
async def test_private_apps_and_tokens_need_the_switch(client: Client, audit: Audit) -> None:
    app_key, token = await installed(client, audit, "switch")
    before = await acting.app_on(client, "switch", app_key)
    await accepted(client, BOB, DisablePrivateListings(site_id="switch"))
    assert await acting.app_on(client, "switch", app_key) == before
    _, link = await acting.make_token(client, app_key)
    for asked in (
        InstallApp(site_id="switch", url=link),
        InstallApp(site_id="switch", url=acting.descriptor_link(app_key)),
        SetToken(site_id="switch", app_key=app_key, token=token),
        GenerateToken(site_id="switch", app_key=app_key),
    ):
        assert await refused(client, BOB, asked) == "private-listings-disabled"
    await accepted(client, BOB, EnablePrivateListings(site_id="switch"))
    await accepted(client, BOB, SetToken(site_id="switch", app_key=app_key, token=token))


@rule("tokens.disable")
async def test_an_app_is_disabled_and_enabled_whatever_became_of_its_token(
    client: Client, audit: Audit
) -> None:
    app_key, _ = await installed(client, audit, "disabled")
    await accepted(client, ANN, RemoveToken(app_key=app_key, token_id=1))
    await accepted(client, BOB, DisableApp(site_id="disabled", app_key=app_key))
    await audit.see(AppDisabled, site_id="disabled")
    app = await acting.app_on(client, "disabled", app_key)
    assert (app["enabled"], app["licence"]) == (False, "NONE")
    await accepted(client, BOB, EnableApp(site_id="disabled", app_key=app_key))
    assert (await acting.app_on(client, "disabled", app_key))["enabled"] is True
    other = DisableApp(site_id="disabled", app_key="com.example.nowhere")
    assert await refused(client, BOB, other) == "not-installed"


@rule("installs.uninstall")
@rule("tokens.clear")
async def test_an_uninstalled_app_is_gone_and_comes_again_as_a_new_installation(
    client: Client, audit: Audit
) -> None:
    app_key, _ = await installed(client, audit, "gone")
    first = await acting.app_on(client, "gone", app_key)
    await accepted(client, BOB, UninstallApp(site_id="gone", app_key=app_key))
    await audit.see(AppUninstalled, site_id="gone")
    gone = UninstallApp(site_id="gone", app_key=app_key)
    assert await refused(client, BOB, gone) == "not-installed"
    (token,) = await acting.tokens_of(client, app_key)
    assert (token["site_id"], token["status"]) == ("gone", "cleared")
    again = await acting.install(client, audit, "gone", token["links"]["private"])
    assert isinstance(again, AppInstalled)
    assert again.installation_id != first["installation_id"]


@rule("tokens.generate")
@rule("tokens.members")
async def test_an_admin_who_is_a_member_makes_and_applies_a_token_in_one_step(
    client: Client, audit: Audit
) -> None:
    app_key, _ = await installed(client, audit, "generate")
    generate = GenerateToken(site_id="generate", app_key=app_key)
    assert await refused(client, BOB, generate) == "unknown-app"
    await accepted(client, ANN, AddMember(partner_id="example", account=BOB))
    made = await accepted(client, BOB, generate)
    assert made.result == {"token_id": 2}
    app = await acting.app_on(client, "generate", app_key)
    assert (app["token_id"], app["licence"]) == (2, "ACTIVE_SUBSCRIPTION")
    rows = [(row["status"], row["site_id"]) for row in await acting.tokens_of(client, app_key)]
    assert rows == [("cleared", "generate"), ("applied", "generate")]
    await accepted(client, ANN, RemoveMember(partner_id="example", account=BOB))
    assert code(await client.query(ListTokens(app_key=app_key), actor=BOB)) == "unknown-app"


@rule("tokens.bound")
@rule("tokens.members")
async def test_whoever_shows_a_token_may_apply_it(client: Client) -> None:
    app_key = "com.example.shown"
    await acting.list_app(client, app_key)
    token, _ = await acting.make_token(client, app_key)
    apply = ApplyToken(app_key=app_key, token=token, site_id="shown")
    await accepted(client, EVE, apply)
    other = apply.model_copy(update={"site_id": "other"})
    assert await refused(client, EVE, other) == "token-bound-to-other-site"
    for text in (f" {token}", f"{token}\n", token[:-1], token.replace("gl_1_", "gl_2_")):
        wrong = apply.model_copy(update={"token": text})
        assert await refused(client, EVE, wrong) == "token-invalid"


async def test_a_note_says_what_a_token_is_for(client: Client) -> None:
    await acting.list_app(client, "com.example.note")
    await acting.make_token(client, "com.example.note")
    note = SetTokenNote(app_key="com.example.note", token_id=1, note="for Bob")
    assert await refused(client, EVE, note) == "unknown-app"
    await accepted(client, ANN, note)
    (token,) = await acting.tokens_of(client, "com.example.note")
    assert token["note"] == "for Bob"
    unknown = SetTokenNote(app_key="com.example.note", token_id=2)
    assert await refused(client, ANN, unknown) == "unknown-token"
    await accepted(client, ANN, RemoveToken(app_key="com.example.note", token_id=1))
    assert await refused(client, ANN, note) == "token-removed"


@pytest.mark.parametrize(
    "state", [pytest.param(state, marks=rule(f"licence.{state.name}")) for state in LicenceState]
)
async def test_the_app_is_told_what_its_licence_stands_at(
    client: Client, audit: Audit, state: LicenceState
) -> None:
    app_key, _ = await installed(client, audit, f"state-{state.name.lower().replace('_', '-')}")
    site_id = app_key.removeprefix("com.example.")
    await accepted(client, BOB, SetLicenceState(site_id=site_id, app_key=app_key, state=state))
    app = await acting.app_on(client, site_id, app_key)
    assert (app["licence"], app["lic"]) == (state.name, LIC[state])
    assert app["licence_read_only"] is True


@rule("licence.paid")
@rule("licence.fresh")
async def test_only_paid_apps_with_a_token_have_states(client: Client, audit: Audit) -> None:
    app_key, token = await installed(client, audit, "states")
    trial = SetLicenceState(site_id="states", app_key=app_key, state=LicenceState.ACTIVE_TRIAL)
    await accepted(client, BOB, trial)
    await accepted(client, BOB, ClearToken(site_id="states", app_key=app_key))
    assert await refused(client, BOB, trial) == "no-token"
    await accepted(client, BOB, SetToken(site_id="states", app_key=app_key, token=token))
    app = await acting.app_on(client, "states", app_key)
    assert app["licence"] == "ACTIVE_SUBSCRIPTION"
    await acting.list_app(client, "com.example.gratis", payment_model="free")
    _, link = await acting.make_token(client, "com.example.gratis")
    await acting.install(client, audit, "states", link)
    gratis = trial.model_copy(update={"app_key": "com.example.gratis"})
    assert await refused(client, BOB, gratis) == "app-is-free"


@rule("installs.product")
async def test_an_app_for_another_product_is_refused(client: Client) -> None:
    await acting.list_app(client, "com.example.wiki", product="confluence")
    await acting.make_site(client, "wiki")
    _, link = await acting.make_token(client, "com.example.wiki")
    assert await refused(client, BOB, InstallApp(site_id="wiki", url=link)) == "product-mismatch"


@rule("installs.link")
async def test_the_descriptors_own_url_installs_the_newest_version(
    client: Client, audit: Audit
) -> None:
    app: SampleApp
    async with acting.served(client, "com.example.own-url") as app:
        await acting.make_site(client, "own-url")
        app.change(description="newer")
        await accepted(client, ANN, PublishVersion(app_key="com.example.own-url"))
    ending = await acting.install(client, audit, "own-url", app.url)
    assert isinstance(ending, AppInstalled)
    assert ending.version == "1.0.1"


@rule("installs.link")
async def test_an_app_is_found_by_its_descriptors_url_as_soon_as_it_is_listed(
    client: Client,
) -> None:
    await acting.make_site(client, "at-once")
    for number in range(20):
        async with acting.served(client, f"com.example.at-once-{number}") as app:
            await accepted(client, BOB, InstallApp(site_id="at-once", url=app.url))
