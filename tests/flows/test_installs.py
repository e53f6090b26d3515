"""An installation ends in one event, and the app is licensed by its token alone."""

import asyncio

import pytest

from services.installation.commands import (
    ClearToken,
    DeleteAppProperty,
    InstallApp,
    SetAppProperty,
    SetLicenceState,
    SetToken,
    UninstallApp,
)
from services.installation.commands import LicenceState as State
from services.installation.events import (
    AppInstalled,
    AppUpdated,
    InstallFailed,
    LicenceChanged,
    TokenCleared,
)
from services.installation.queries import (
    App,
    AppDescriptor,
    AppProperties,
    AppProperty,
    InstallAttempt,
    SiteTokens,
)
from services.supervisor import Supervisor
from services.token.commands import RemoveToken
from services.token.events import UseSeen
from shared.client import Client
from shared.messages import Accepted
from tests.clients.audit import Audit
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted, code
from tests.rules import rule

JWT = {"authentication": {"type": "jwt"}, "lifecycle": {"installed": "/installed"}}


async def licence(client: Client, site_id: str, app_key: str) -> tuple[str, str | None]:
    """The state of the licence, and what the app is told of it."""
    app = await acting.app_on(client, site_id, app_key)
    return app["licence"], app["lic"]


async def test_a_token_link_installs_the_app_with_a_licence(client: Client, audit: Audit) -> None:
    await acting.list_app(client, "com.example.paid")
    await acting.make_site(client, "paid")
    _, link = await acting.make_token(client, "com.example.paid")
    ending = await acting.install(client, audit, "paid", link)
    assert isinstance(ending, AppInstalled)
    assert await licence(client, "paid", "com.example.paid") == ("ACTIVE_SUBSCRIPTION", "active")
    (token,) = await acting.tokens_of(client, "com.example.paid")
    assert (token["site_id"], token["status"]) == ("paid", "applied")


@rule("tokens.without")
async def test_without_a_token_a_private_app_is_unlicensed(client: Client, audit: Audit) -> None:
    await acting.list_app(client, "com.example.bare")
    await acting.make_site(client, "bare")
    ending = await acting.install(client, audit, "bare", acting.descriptor_link("com.example.bare"))
    assert isinstance(ending, AppInstalled)
    assert await licence(client, "bare", "com.example.bare") == ("NONE", "none")


async def test_a_free_app_has_no_licence(client: Client, audit: Audit) -> None:
    await acting.list_app(client, "com.example.free", payment_model="free")
    await acting.make_site(client, "free")
    _, link = await acting.make_token(client, "com.example.free")
    assert isinstance(await acting.install(client, audit, "free", link), AppInstalled)
    assert await licence(client, "free", "com.example.free") == ("NONE", None)


async def test_an_app_that_is_away_fails_and_leaves_its_token_cleared(
    client: Client, audit: Audit
) -> None:
    await acting.list_app(client, "com.example.jwt", JWT)
    await acting.make_site(client, "jwt")
    _, link = await acting.make_token(client, "com.example.jwt")
    ending = await acting.install(client, audit, "jwt", link)
    assert isinstance(ending, InstallFailed)
    assert ending.code == "hook-unreachable"
    answer = await client.query(App(site_id="jwt", app_key="com.example.jwt"), actor=BOB)
    assert code(answer) == "not-installed"
    (token,) = await acting.tokens_of(client, "com.example.jwt")
    assert (token["site_id"], token["status"]) == ("jwt", "cleared")


@rule("installs.update")
async def test_installing_again_is_an_update_on_the_same_token(
    client: Client, audit: Audit
) -> None:
    await acting.list_app(client, "com.example.again")
    await acting.make_site(client, "again")
    _, link = await acting.make_token(client, "com.example.again")
    first = await acting.install(client, audit, "again", link)
    second = await acting.install(
        client, audit, "again", acting.descriptor_link("com.example.again")
    )
    assert isinstance(second, AppUpdated)
    assert second.from_version == second.version
    assert second.installation_id == first.installation_id
    on_site = {"site_id": "again", "app_key": "com.example.again"}
    for attempt in (1, 2):
        how = await acting.ask(client, InstallAttempt(**on_site, attempt=attempt), BOB)
        assert (how["state"], how["code"]) == ("done", None)
    shown = await acting.ask(client, AppDescriptor(**on_site), BOB)
    assert (shown["version"], shown["descriptor"]["key"]) == (second.version, on_site["app_key"])
    assert await licence(client, "again", "com.example.again") == ("ACTIVE_SUBSCRIPTION", "active")


async def test_an_app_keeps_something_on_a_site_until_it_is_installed_anew(
    client: Client, audit: Audit
) -> None:
    on_site = {"site_id": "keeps", "app_key": "com.example.keeps"}
    await acting.list_app(client, on_site["app_key"])
    await acting.make_site(client, "keeps")
    link = acting.descriptor_link(on_site["app_key"])
    await acting.install(client, audit, "keeps", link)
    for value, created in (('{"a": null}', True), ("1e2", False)):
        kept = await accepted(client, BOB, SetAppProperty(**on_site, name="x", value=value))
        assert kept.result == {"created": created}
        shown = await acting.ask(client, AppProperty(**on_site, name="x"), BOB)
        assert shown["value"] == value
    await accepted(client, BOB, SetAppProperty(**on_site, name="y", value="2"))
    await accepted(client, BOB, DeleteAppProperty(**on_site, name="y"))
    assert (await acting.ask(client, AppProperties(**on_site), BOB))["names"] == ["x"]
    await accepted(client, BOB, UninstallApp(**on_site))
    assert code(await client.query(AppProperties(**on_site), actor=BOB)) == "not-installed"
    await acting.install(client, audit, "keeps", link)
    assert (await acting.ask(client, AppProperties(**on_site), BOB))["names"] == []


async def test_another_token_takes_the_place_of_the_one_before(
    client: Client, audit: Audit
) -> None:
    app_key = "com.example.swap"
    await acting.list_app(client, app_key)
    await acting.make_site(client, "swap")
    _, link = await acting.make_token(client, app_key)
    second, _ = await acting.make_token(client, app_key)
    await acting.install(client, audit, "swap", link)
    trial = SetLicenceState(site_id="swap", app_key=app_key, state=State.INACTIVE_TRIAL)
    await accepted(client, BOB, trial)
    assert await licence(client, "swap", app_key) == ("INACTIVE_TRIAL", "none")

    await accepted(client, BOB, SetToken(site_id="swap", app_key=app_key, token=second))

    assert await licence(client, "swap", app_key) == ("ACTIVE_SUBSCRIPTION", "active")
    (row,) = (await acting.ask(client, SiteTokens(site_id="swap"), BOB))["tokens"]
    assert (row["token"], row["token_id"], row["valid"]) == (second, 2, True)
    await audit.see(TokenCleared, app_key=app_key, token_id=1)
    uses = [(row["site_id"], row["status"]) for row in await acting.tokens_of(client, app_key)]
    assert uses == [("swap", "cleared"), ("swap", "applied")]


@rule("tokens.remove")
async def test_a_removed_token_makes_the_app_unlicensed_for_ever(
    client: Client, audit: Audit
) -> None:
    app_key = "com.example.removed"
    await acting.list_app(client, app_key)
    await acting.make_site(client, "removed")
    token, link = await acting.make_token(client, app_key)
    await acting.install(client, audit, "removed", link)

    await accepted(client, ANN, RemoveToken(app_key=app_key, token_id=1))

    await audit.see(LicenceChanged, site_id="removed", state=State.NONE)
    assert await licence(client, "removed", app_key) == ("NONE", "none")
    trial = SetLicenceState(site_id="removed", app_key=app_key, state=State.ACTIVE_TRIAL)
    assert code(await client.send(trial, actor=BOB)) == "no-token"
    again = SetToken(site_id="removed", app_key=app_key, token=token)
    assert code(await client.send(again, actor=BOB)) == "token-removed"
    ending = await acting.install(client, audit, "removed", link)
    assert isinstance(ending, InstallFailed)
    assert ending.code == "token-removed"
    query = InstallAttempt(site_id="removed", app_key=app_key, attempt=2)
    assert (await acting.ask(client, query, BOB))["code"] == "token-removed"
    unknown = query.model_copy(update={"attempt": 3})
    assert code(await client.query(unknown, actor=BOB)) == "unknown-attempt"


async def test_a_cleared_token_can_be_set_again_on_its_site(client: Client, audit: Audit) -> None:
    app_key = "com.example.cleared"
    await acting.list_app(client, app_key)
    await acting.make_site(client, "cleared")
    token, link = await acting.make_token(client, app_key)
    await acting.install(client, audit, "cleared", link)
    await accepted(client, BOB, ClearToken(site_id="cleared", app_key=app_key))
    assert await licence(client, "cleared", app_key) == ("NONE", "none")
    await accepted(client, BOB, SetToken(site_id="cleared", app_key=app_key, token=token))
    assert await licence(client, "cleared", app_key) == ("ACTIVE_SUBSCRIPTION", "active")


async def test_a_token_set_again_before_its_clear_is_known_is_in_use(
    client: Client, audit: Audit
) -> None:
    """Which of both the token service sees first is chance, so it is done until it happens."""
    app_key = "com.example.at-once"
    await acting.list_app(client, app_key)
    await acting.make_site(client, "at-once")
    token, link = await acting.make_token(client, app_key)
    await acting.install(client, audit, "at-once", link)
    async with asyncio.timeout(30):
        while not audit.found(UseSeen, app_key=app_key):
            await asyncio.gather(
                accepted(client, BOB, ClearToken(site_id="at-once", app_key=app_key)),
                accepted(client, BOB, SetToken(site_id="at-once", app_key=app_key, token=token)),
            )
    assert await licence(client, "at-once", app_key) == ("ACTIVE_SUBSCRIPTION", "active")


async def test_what_is_no_link_of_an_app_here_installs_nothing(client: Client) -> None:
    await acting.list_app(client, "com.example.link")
    await acting.list_app(client, "com.example.other")
    await acting.make_site(client, "link")
    token, link = await acting.make_token(client, "com.example.link")
    other = acting.descriptor_link("com.example.other") + f"?access-token={token}"
    for url, refusal in (
        (link.replace(acting.MARKETPLACE, "https://example.com"), "descriptor-not-listed"),
        (link.replace("/version/1/", "/version/2/"), "descriptor-not-listed"),
        (acting.descriptor_link("com.example.nowhere"), "descriptor-not-listed"),
        (link[:-1] + ("A" if link[-1] != "A" else "B"), "token-invalid"),
        (other, "token-invalid"),
    ):
        reply = await client.send(InstallApp(site_id="link", url=url), actor=BOB)
        assert code(reply) == refusal, url


@rule("installs.one")
async def test_two_installs_of_one_app_on_one_site_do_not_mix(client: Client, audit: Audit) -> None:
    await acting.list_app(client, "com.example.twice")
    await acting.make_site(client, "twice")
    _, link = await acting.make_token(client, "com.example.twice")
    asked = InstallApp(site_id="twice", url=link)
    replies = await asyncio.gather(*(client.send(asked, actor=BOB) for _ in range(2)))
    statuses = sorted("" if isinstance(reply, Accepted) else reply.code for reply in replies)
    assert statuses == ["", "install-in-progress"]
    await audit.see(AppInstalled, site_id="twice")


@pytest.mark.parametrize("service", ["token", "installation", "nats"])
async def test_an_install_ends_well_though_something_dies_meanwhile(
    house: Supervisor, client: Client, audit: Audit, service: str
) -> None:
    app_key, site_id = f"com.example.dies-{service}", f"dies-{service}"
    await acting.list_app(client, app_key)
    await acting.make_site(client, site_id)
    _, link = await acting.make_token(client, app_key)
    await accepted(client, BOB, InstallApp(site_id=site_id, url=link))
    await acting.kill(house, service)
    await audit.see(AppInstalled, site_id=site_id, seconds=20)
    assert await licence(client, site_id, app_key) == ("ACTIVE_SUBSCRIPTION", "active")
