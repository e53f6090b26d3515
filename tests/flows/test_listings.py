"""Listings, their versions and who may see them, through the bus."""

from typing import Any

import pytest

from services.listing.commands import (
    AddMember,
    Approve,
    ChangeContact,
    EditListing,
    MakePrivate,
    PublishVersion,
    RegisterPartner,
    Reject,
    RemoveMember,
    SetBeta,
    SetVersionVisibility,
    SubmitForPublic,
)
from services.listing.events import ListingMadePrivate, PartnerRegistered, VersionPublished
from services.listing.queries import (
    Listing,
    Partner,
    PartnerListings,
    ReadDescriptor,
    SubmittedListings,
)
from services.token.commands import CreateToken
from shared.client import Client
from tests.clients.audit import Audit
from tests.clients.sample_app import sample_app
from tests.flows import acting
from tests.flows.acting import ANN, BOB, EVE, OPERATOR, accepted, code
from tests.listing.examples import TEXTS
from tests.rules import rule


async def versions_of(client: Client, app_key: str, actor: str = ANN) -> dict[str, str]:
    """The visibility of each version that an account sees."""
    listing = await acting.ask(client, Listing(app_key=app_key), actor)
    return {row["version"]: row["visibility"] for row in listing["versions"]}


@rule("partners.register")
@rule("partners.contact")
async def test_any_account_registers_a_partner_whose_contact_may_change(
    client: Client, audit: Audit
) -> None:
    asked = RegisterPartner(partner_id="new", organisation="New", email="hello@example.com")
    await accepted(client, EVE, asked)
    event = await audit.see(PartnerRegistered, partner_id="new")
    assert event.member == EVE
    assert code(await client.send(asked, actor=ANN)) == "partner-exists"
    await accepted(client, EVE, ChangeContact(partner_id="new", url="https://example.com"))
    partner = await acting.ask(client, Partner(partner_id="new"), EVE)
    assert (partner["email"], partner["url"]) == ("hello@example.com", "https://example.com")
    assert partner["members"] == [EVE]


@rule("partners.members")
@rule("partners.last")
async def test_members_let_accounts_in_and_out_but_for_the_last(client: Client) -> None:
    await acting.list_app(client, "com.example.members")
    token = CreateToken(app_key="com.example.members")
    assert code(await client.send(token, actor=BOB)) == "unknown-app"
    await accepted(client, ANN, AddMember(partner_id="example", account=BOB))
    await accepted(client, BOB, token)
    await accepted(client, ANN, RemoveMember(partner_id="example", account=BOB))
    assert code(await client.send(token, actor=BOB)) == "unknown-app"
    leave = RemoveMember(partner_id="example", account=ANN)
    assert code(await client.send(leave, actor=ANN)) == "last-member"
    add = AddMember(partner_id="example", account=EVE)
    assert code(await client.send(add, actor=EVE)) == "not-a-member"
    unknown = AddMember(partner_id="nobody", account=EVE)
    assert code(await client.send(unknown, actor=EVE)) == "unknown-partner"


@rule("form.payment")
@rule("form.hosting")
@rule("form.compatible")
@rule("form.version-visibility")
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"payment_model": "paid-via-vendor"}, "paid-via-vendor-not-for-connect"),
        ({"hosting": "server"}, "hosting-not-cloud"),
        ({"compatible_to": "10.0"}, "compatible-to-fixed"),
        ({"version_visibility": "public"}, "listing-is-private"),
        ({"visibility": "public"}, "listing-incomplete"),
        ({"partner_id": "nobody"}, "unknown-partner"),
    ],
)
async def test_a_form_that_breaks_a_rule_lists_nothing(
    client: Client, changes: dict[str, Any], refusal: str
) -> None:
    await client.send(RegisterPartner(partner_id="example", organisation="Example"), actor=ANN)
    with sample_app({"key": "com.example.form"}) as app:
        asked = acting.publish_app(app, **changes)
        assert code(await client.send(asked, actor=ANN)) == refusal
    answer = await client.query(Listing(app_key="com.example.form"), actor=ANN)
    assert answer.status == "refused"


@rule("form.payment")
@rule("form.descriptor")
@rule("form.key")
async def test_the_descriptor_has_to_fit_the_form(client: Client) -> None:
    await client.send(RegisterPartner(partner_id="example", organisation="Example"), actor=ANN)
    with sample_app({"key": "com.example.fits", "enableLicensing": False}) as app:
        asked = acting.publish_app(app)
        assert code(await client.send(asked, actor=ANN)) == "licensing-not-enabled"
        other = acting.publish_app(app, app_key="com.example.other", payment_model="free")
        assert code(await client.send(other, actor=ANN)) == "key-mismatch"
        app.change(baseUrl="nowhere")
        assert code(await client.send(asked, actor=ANN)) == "descriptor-base-url-no-scheme"
        read = await client.query(ReadDescriptor(url=app.url), actor=EVE)
        assert code(read) == "descriptor-base-url-no-scheme"
        app.change(baseUrl=app.url, enableLicensing=True, key="com.example.Fits")
        assert (await acting.ask(client, ReadDescriptor(url=app.url), EVE))[
            "key"
        ] == "com.example.Fits"
        await accepted(client, ANN, acting.publish_app(app))
        again = acting.publish_app(app, app_key="COM.example.fits")
        assert code(await client.send(again, actor=ANN)) == "key-taken"


@rule("form.texts")
@rule("form.status")
@rule("tokens.unknown")
async def test_an_operator_decides_what_becomes_public(client: Client) -> None:
    app_key = "com.example.status"
    await acting.list_app(client, app_key)
    reply = await client.send(SubmitForPublic(app_key=app_key), actor=ANN)
    assert code(reply) == "listing-incomplete"
    assert "privacy" in reply.model_dump_json()
    assert code(await client.send(Approve(app_key=app_key), actor=OPERATOR)) == "not-submitted"
    await accepted(client, ANN, EditListing(app_key=app_key, **TEXTS))
    await accepted(client, ANN, SubmitForPublic(app_key=app_key))
    waiting = await acting.ask(client, SubmittedListings(), OPERATOR)
    assert app_key in [row["app_key"] for row in waiting["apps"]]
    assert code(await client.query(SubmittedListings(), actor=ANN)) == "not-an-operator"
    assert code(await client.send(Approve(app_key=app_key), actor=ANN)) == "not-an-operator"
    assert code(await client.query(Listing(app_key=app_key), actor=EVE)) == "unknown-app"
    assert code(await client.send(Approve(app_key=app_key), actor=EVE)) == "unknown-app"
    await accepted(client, OPERATOR, Reject(app_key=app_key, reason="too short"))
    assert (await acting.ask(client, Listing(app_key=app_key), ANN))["status"] == "rejected"
    await accepted(client, ANN, SubmitForPublic(app_key=app_key))
    await accepted(client, OPERATOR, Approve(app_key=app_key))
    assert (await acting.ask(client, Listing(app_key=app_key), EVE))["status"] == "public"
    assert code(await client.send(MakePrivate(app_key=app_key), actor=EVE)) == "not-a-member"
    listed = await acting.ask(client, PartnerListings(partner_id="example"), ANN)
    assert {row["app_key"]: row["status"] for row in listed["apps"]}[app_key] == "public"
    answer = await client.query(PartnerListings(partner_id="example"), actor=EVE)
    assert code(answer) == "not-a-member"


@rule("form.visibility")
@rule("form.version-visibility")
@rule("versions.made-private")
async def test_a_private_listing_makes_all_its_versions_private(
    client: Client, audit: Audit
) -> None:
    app_key = "com.example.back"
    async with acting.served(client, app_key) as app:
        await acting.make_public(client, app_key)
        assert await versions_of(client, app_key) == {"1.0.0": "private"}
        app.change(description="more")
        await accepted(client, ANN, PublishVersion(app_key=app_key))
        assert await versions_of(client, app_key, EVE) == {"1.0.1": "public"}
        await accepted(client, ANN, MakePrivate(app_key=app_key))
        assert (await audit.see(ListingMadePrivate, app_key=app_key)).builds == (2,)
        show = SetVersionVisibility(app_key=app_key, build=2, visibility="public")
        assert code(await client.send(show, actor=ANN)) == "listing-is-private"
        await accepted(client, ANN, SubmitForPublic(app_key=app_key))
        await accepted(client, OPERATOR, Approve(app_key=app_key))
        assert await versions_of(client, app_key, EVE) == {}
        await accepted(client, ANN, show)
        assert await versions_of(client, app_key, EVE) == {"1.0.1": "public"}


@rule("form.again-submitted")
async def test_a_new_base_url_or_payment_takes_a_public_app_back(client: Client) -> None:
    app_key = "com.example.moved"
    async with acting.served(client, app_key, payment_model="free") as app:
        await acting.make_public(client, app_key)
        app.change(baseUrl=f"{app.url}/moved")
        for change in (
            PublishVersion(app_key=app_key),
            PublishVersion(app_key=app_key, payment_model="paid-via-atlassian"),
        ):
            await accepted(client, ANN, change)
            assert (await acting.ask(client, Listing(app_key=app_key), ANN))[
                "status"
            ] == "submitted"
            await accepted(client, OPERATOR, Approve(app_key=app_key))


@rule("versions.first")
@rule("versions.major")
@rule("versions.minor")
@rule("versions.micro")
@rule("versions.scopes")
@rule("versions.unchanged")
async def test_what_changed_tells_the_number_of_a_version(client: Client, audit: Audit) -> None:
    app_key = "com.example.numbers"
    numbers = []
    async with acting.served(client, app_key, {"scopes": ["WRITE"]}, payment_model="free") as app:
        for change in (
            {"scopes": ["write", "READ"]},
            {"scopes": ["READ", "write"]},
            {"scopes": ["WRITE", "ADMIN"]},
            {"scopes": ["READ"]},
            {"apiVersion": 3},
        ):
            app.change(**change)
            await accepted(client, ANN, PublishVersion(app_key=app_key))
        paid = PublishVersion(app_key=app_key, payment_model="paid-via-atlassian")
        await accepted(client, ANN, paid)
        app.descriptor = dict(reversed(app.descriptor.items()))
        unchanged = PublishVersion(app_key=app_key)
        assert code(await client.send(unchanged, actor=ANN)) == "descriptor-unchanged"
        app.change(apiVersion=2)
        assert code(await client.send(unchanged, actor=ANN)) == "api-version-lower"
    await audit.see(VersionPublished, app_key=app_key, build=7)
    numbers = [row.version for row in audit.found(VersionPublished, app_key=app_key)]
    assert numbers == ["1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.1.1", "3.0.0", "3.1.0"]


@rule("versions.identity")
async def test_key_vendor_and_name_never_change(client: Client) -> None:
    app_key = "com.example.same"
    async with acting.served(client, app_key) as app:
        for change in ({"key": "com.example.not"}, {"name": "X"}, {"vendor": {"name": "Y"}}):
            before = app.descriptor
            app.change(**change)
            reply = await client.send(PublishVersion(app_key=app_key), actor=ANN)
            assert code(reply) == "identity-changed"
            app.descriptor = before


@rule("form.beta")
@rule("form.compatible")
async def test_what_a_listing_tells_is_edited(client: Client) -> None:
    app_key = "com.example.edited"
    await acting.list_app(client, app_key, beta=True, product="jira", minimum_version="9.1")
    await accepted(client, ANN, EditListing(app_key=app_key, minimum_version="9.2"))
    await accepted(client, ANN, SetBeta(app_key=app_key, build=1, beta=False))
    listing = await acting.ask(client, Listing(app_key=app_key), ANN)
    assert (listing["product"], listing["minimum_version"]) == ("jira", "9.2")
    assert listing["compatible_to"] == "Any"
    assert listing["versions"][0]["beta"] is False
    unknown = SetBeta(app_key=app_key, build=2, beta=True)
    assert code(await client.send(unknown, actor=ANN)) == "bad-request"
    server = EditListing(app_key=app_key, hosting="server")
    assert code(await client.send(server, actor=ANN)) == "hosting-not-cloud"
