"""Listings: what is listed, who sees it, and how it becomes public."""

from typing import Any

import pytest

from services.listing import refusals
from services.listing.commands import (
    Approve,
    EditListing,
    MakePrivate,
    PublishApp,
    PublishVersion,
    Reject,
    SetBeta,
    SetVersionVisibility,
    SubmitForPublic,
)
from services.listing.domain import Listing as Listed
from services.listing.events import (
    ListingDetailsChanged,
    ListingMadePrivate,
    ListingRejected,
    VersionBetaChanged,
    VersionVisibilityChanged,
)
from services.listing.queries import Listing, ReadDescriptor, SubmittedListings
from shared.errors import (
    BadRequest,
    NotAMember,
    NotAnOperator,
    Refusal,
    UnknownApp,
    UnknownPartner,
)
from shared.fetch import DescriptorTimeout
from shared.messages import Command, Event
from shared.testing import Scenario
from tests.listing.conftest import OPERATOR
from tests.listing.examples import (
    ANN,
    APP,
    APPROVED,
    CREATED,
    EVE,
    KEY,
    SUBMITTED,
    TEXTS,
    TOLD,
    URL,
    descriptor,
    listed,
    version,
)
from tests.rules import rule

REJECTED = ListingRejected(app_key=APP, reason="too short")
PUBLIC = (TOLD, version(visibility="public"), SUBMITTED, APPROVED)
MEMBERS_ONLY: list[Command] = [
    EditListing(app_key=APP),
    MakePrivate(app_key=APP),
    SubmitForPublic(app_key=APP),
    PublishVersion(app_key=APP),
    SetVersionVisibility(app_key=APP, build=1, visibility="private"),
    SetBeta(app_key=APP, build=1, beta=True),
]
OPERATORS_ONLY: list[Command] = [Approve(app_key=APP), Reject(app_key=APP, reason="no")]


def publish(**fields: Any) -> PublishApp:
    """The form, filled in for a private paid app."""
    form: dict[str, Any] = {
        "app_key": APP,
        "partner_id": "example",
        "descriptor_url": URL,
        "visibility": "private",
        "payment_model": "paid-via-atlassian",
    }
    return PublishApp(**form | fields)


def unlisted(scenario: Scenario) -> Scenario:
    """A partner without an app, and a descriptor that is there."""
    listed(scenario).given(Listed, "other")
    scenario.prepared = descriptor(key="other")
    return scenario


@rule("form.visibility")
@rule("form.hosting")
@rule("form.descriptor")
@rule("versions.first")
def test_an_app_is_listed_with_its_first_version(scenario: Scenario) -> None:
    unlisted(scenario).when(publish(app_key="Other"), actor=ANN)
    new = {"app_key": "other"}
    content = descriptor(key="other").content
    scenario.then(
        CREATED.model_copy(update=new),
        version().model_copy(update=new | {"descriptor": content}),
    )


@rule("form.beta")
def test_the_first_version_may_be_beta(scenario: Scenario) -> None:
    unlisted(scenario).when(publish(app_key="other", beta=True), actor=ANN)
    assert scenario.store.load(Listed, "other").newest.beta


@rule("form.status")
@rule("form.version-visibility")
def test_a_public_listing_is_submitted_with_a_public_version(scenario: Scenario) -> None:
    unlisted(scenario).when(publish(app_key="other", visibility="public", **TEXTS), actor=ANN)
    new = {"app_key": "other"}
    content = descriptor(key="other").content
    scenario.then(
        TOLD.model_copy(update=new | {"visibility": "public"}),
        version(visibility="public").model_copy(update=new | {"descriptor": content}),
        SUBMITTED.model_copy(update=new),
    )


@rule("form.payment")
@rule("form.hosting")
@rule("form.compatible")
@rule("form.version-visibility")
@rule("form.texts")
@rule("form.key")
@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"partner_id": "nobody"}, UnknownPartner(partner_id="nobody")),
        ({"app_key": "COM.example.app"}, refusals.KeyTaken(app_key="COM.example.app")),
        ({"payment_model": "paid-via-vendor"}, refusals.PaidViaVendorNotForConnect()),
        ({"hosting": "server"}, refusals.HostingNotCloud(hosting="server")),
        ({"compatible_to": "10.0"}, refusals.CompatibleToFixed(compatible_to="10.0")),
        ({"version_visibility": "public"}, refusals.ListingIsPrivate()),
        (
            {"visibility": "public", **TEXTS, "terms": None, "categories": ()},
            refusals.ListingIncomplete(missing="categories, terms"),
        ),
    ],
)
def test_a_form_that_breaks_a_rule_is_refused_before_anything_is_fetched(
    scenario: Scenario, fields: dict[str, Any], refusal: Refusal
) -> None:
    unlisted(scenario).when(publish(**{"app_key": "other"} | fields), actor=ANN)
    scenario.then_refused(refusal)
    assert scenario.needed == []


def test_only_members_list_apps(scenario: Scenario) -> None:
    unlisted(scenario).when(publish(app_key="other"), actor=EVE)
    scenario.then_refused(NotAMember(partner_id="example"))


@rule("form.descriptor")
@rule("form.payment")
def test_the_descriptor_has_to_fit_the_form(scenario: Scenario) -> None:
    unlisted(scenario).when(publish(app_key="another"), actor=ANN)
    scenario.then_refused(refusals.KeyMismatch(app_key="another", descriptor_key="other"))
    scenario.prepared = descriptor(key="other", enableLicensing=False)
    scenario.when(publish(app_key="other"), actor=ANN)
    scenario.then_refused(refusals.LicensingNotEnabled())
    scenario.prepared = DescriptorTimeout(url=URL)
    scenario.when(publish(app_key="other"), actor=ANN).then_refused(DescriptorTimeout(url=URL))
    scenario.ask_refused(ReadDescriptor(url=URL), DescriptorTimeout(url=URL), actor=EVE)


@rule("form.payment")
def test_a_free_app_needs_no_licensing(scenario: Scenario) -> None:
    unlisted(scenario).prepared = descriptor(key="other", enableLicensing=False)
    scenario.when(publish(app_key="other", payment_model="free"), actor=ANN)
    assert scenario.result == {}


@rule("tokens.unknown")
@pytest.mark.parametrize("command", MEMBERS_ONLY)
@pytest.mark.parametrize("actor", [EVE, OPERATOR])
def test_only_members_change_a_listing(scenario: Scenario, command: Command, actor: str) -> None:
    listed(scenario).when(command, actor=actor).then_refused(UnknownApp(app_key=KEY))
    scenario.given(Listed, KEY, SUBMITTED, APPROVED).when(command, actor=actor)
    scenario.then_refused(NotAMember(partner_id="example"))


@rule("form.status")
@pytest.mark.parametrize("command", OPERATORS_ONLY)
def test_only_operators_approve_and_reject(scenario: Scenario, command: Command) -> None:
    listed(scenario, TOLD, version(), SUBMITTED)
    scenario.when(command, actor=EVE).then_refused(UnknownApp(app_key=KEY))
    scenario.when(command, actor=ANN).then_refused(NotAnOperator())
    scenario.given(Listed, KEY, APPROVED).when(command, actor=EVE).then_refused(NotAnOperator())


@pytest.mark.parametrize("command", [*MEMBERS_ONLY, *OPERATORS_ONLY])
def test_an_app_that_is_not_listed_is_unknown(scenario: Scenario, command: Command) -> None:
    scenario.when(command, actor=OPERATOR).then_refused(UnknownApp(app_key=KEY))


@rule("form.status")
def test_what_was_submitted_is_approved_or_rejected(scenario: Scenario) -> None:
    listed(scenario, TOLD, version())
    for command in OPERATORS_ONLY:
        scenario.when(command, actor=OPERATOR).then_refused(refusals.NotSubmitted(app_key=KEY))
    submit = SubmitForPublic(app_key=APP)
    scenario.when(submit, actor=ANN).then(SUBMITTED).when(submit, actor=ANN).then()
    (waiting,) = scenario.ask(SubmittedListings(), actor=OPERATOR)["apps"]
    assert waiting["app_key"] == APP
    scenario.ask_refused(SubmittedListings(), NotAnOperator(), actor=ANN)
    scenario.when(Reject(app_key=APP, reason="too short"), actor=OPERATOR).then(REJECTED)
    scenario.when(submit, actor=ANN).then(SUBMITTED)
    scenario.when(Approve(app_key=APP), actor=OPERATOR).then(APPROVED)
    scenario.when(submit, actor=ANN).then()
    assert scenario.ask(SubmittedListings(), actor=OPERATOR)["apps"] == []


@rule("form.texts")
def test_a_private_listing_tells_nothing_until_it_is_submitted(scenario: Scenario) -> None:
    listed(scenario).when(SubmitForPublic(app_key=APP), actor=ANN)
    scenario.then_refused(refusals.ListingIncomplete(missing=", ".join(TEXTS)))


@rule("form.compatible")
@rule("form.texts")
def test_of_a_listing_only_what_differs_is_changed(scenario: Scenario) -> None:
    asked = EditListing(app_key=APP, product="jira", minimum_version="9.1", **TEXTS)
    told = ListingDetailsChanged(app_key=APP, product="jira", minimum_version="9.1", **TEXTS)
    listed(scenario).when(asked, actor=ANN).then(told).when(asked, actor=ANN).then()
    listing = scenario.ask(Listing(app_key=APP), actor=ANN)
    assert (listing["product"], listing["summary"]) == ("jira", TEXTS["summary"])
    assert listing["compatible_to"] == "Any"


@rule("form.hosting")
@rule("form.compatible")
def test_what_is_fixed_is_not_edited(scenario: Scenario) -> None:
    listed(scenario).when(EditListing(app_key=APP, hosting="server"), actor=ANN)
    scenario.then_refused(refusals.HostingNotCloud(hosting="server"))
    scenario.when(EditListing(app_key=APP, compatible_to="9"), actor=ANN)
    scenario.then_refused(refusals.CompatibleToFixed(compatible_to="9"))


@rule("form.visibility")
@rule("form.version-visibility")
@rule("versions.made-private")
def test_a_private_listing_makes_all_its_versions_private(scenario: Scenario) -> None:
    second = version(2, "1.0.1", visibility="private")
    listed(scenario, *PUBLIC, second, version(3, "1.0.2", visibility="public"))
    private = ListingMadePrivate(app_key=APP, builds=(1, 3))
    make = MakePrivate(app_key=APP)
    scenario.when(make, actor=ANN).then(private).when(make, actor=ANN).then()
    show = SetVersionVisibility(app_key=APP, build=1, visibility="public")
    scenario.when(show, actor=ANN).then_refused(refusals.ListingIsPrivate())
    again = PublishVersion(app_key=APP, visibility="public")
    scenario.when(again, actor=ANN).then_refused(refusals.ListingIsPrivate())
    scenario.given(Listed, KEY, SUBMITTED, APPROVED)
    assert scenario.ask(Listing(app_key=APP), actor=EVE)["versions"] == []
    shown = VersionVisibilityChanged(app_key=APP, build=1, visibility="public")
    scenario.when(show, actor=ANN).then(shown).when(show, actor=ANN).then()


@rule("tokens.unknown")
@pytest.mark.parametrize("events", [(), (SUBMITTED,), (SUBMITTED, REJECTED)])
def test_what_is_not_public_is_unknown_to_strangers(
    scenario: Scenario, events: tuple[Event, ...]
) -> None:
    listed(scenario, TOLD, version(), *events)
    scenario.ask_refused(Listing(app_key=APP), UnknownApp(app_key=KEY), actor=EVE)
    for actor in (ANN, OPERATOR):
        assert len(scenario.ask(Listing(app_key=APP), actor=actor)["versions"]) == 1


@rule("form.descriptor")
def test_strangers_see_public_versions_with_their_links(scenario: Scenario) -> None:
    listed(scenario, *PUBLIC, version(2, "1.0.1"))
    (seen,) = scenario.ask(Listing(app_key=APP), actor=EVE)["versions"]
    assert seen["version"] == "1.0.0"
    link = f"https://market.example.com/download/apps/{KEY}/version/1/descriptor"
    assert seen["descriptor_link"] == link


@rule("form.beta")
def test_a_version_is_marked_as_beta_and_not(scenario: Scenario) -> None:
    mark = SetBeta(app_key=APP, build=1, beta=True)
    marked = VersionBetaChanged(app_key=APP, build=1, beta=True)
    listed(scenario).when(mark, actor=ANN).then(marked).when(mark, actor=ANN).then()
    unknown = SetBeta(app_key=APP, build=2, beta=True)
    refusal = BadRequest(reason=f"build: {KEY} has no build 2")
    scenario.when(unknown, actor=ANN).then_refused(refusal)
