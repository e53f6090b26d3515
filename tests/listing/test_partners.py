"""Partners: who acts for an organisation."""

import pytest

from services.listing import refusals
from services.listing.commands import AddMember, ChangeContact, RegisterPartner, RemoveMember
from services.listing.events import (
    MemberAdded,
    MemberRemoved,
    PartnerContactChanged,
    PartnerRegistered,
)
from services.listing.queries import Partner, PartnerListings
from shared.errors import NotAMember, UnknownPartner
from shared.messages import Command
from shared.testing import Scenario
from tests.listing.examples import ANN, APP, BOB, EVE, listed
from tests.rules import rule

MEMBERS_ONLY = [
    ChangeContact(partner_id="example", organisation="X"),
    AddMember(partner_id="example", account=EVE),
    RemoveMember(partner_id="example", account=ANN),
]


@rule("partners.register")
def test_any_account_registers_a_partner_and_is_its_first_member(scenario: Scenario) -> None:
    asked = RegisterPartner(partner_id="new", organisation="New", email="hello@example.com")
    scenario.when(asked, actor=EVE)
    scenario.then(PartnerRegistered(**asked.model_dump(), member=EVE))
    assert scenario.ask(Partner(partner_id="new"), actor=EVE)["members"] == [EVE]


@rule("partners.register")
def test_a_partner_id_is_taken_once(scenario: Scenario) -> None:
    listed(scenario).when(RegisterPartner(partner_id="example", organisation="X"), actor=EVE)
    scenario.then_refused(refusals.PartnerExists(partner_id="example"))


@rule("partners.members")
def test_members_let_accounts_in_and_out(scenario: Scenario) -> None:
    add, remove = (kind(partner_id="example", account=EVE) for kind in (AddMember, RemoveMember))
    added = MemberAdded(partner_id="example", account=EVE)
    listed(scenario).when(add, actor=BOB).then(added).when(add, actor=BOB).then()
    removed = MemberRemoved(partner_id="example", account=EVE)
    scenario.when(remove, actor=EVE).then(removed).when(remove, actor=ANN).then()


@rule("partners.last")
def test_the_last_member_cannot_leave(scenario: Scenario) -> None:
    listed(scenario).when(RemoveMember(partner_id="example", account=ANN), actor=BOB)
    scenario.when(RemoveMember(partner_id="example", account=BOB), actor=BOB)
    scenario.then_refused(refusals.LastMember(partner_id="example", account=BOB))


@rule("partners.contact")
def test_of_a_contact_only_what_differs_is_changed(scenario: Scenario) -> None:
    asked = ChangeContact(partner_id="example", organisation="Example", url="https://example.com")
    changed = PartnerContactChanged(partner_id="example", url="https://example.com")
    listed(scenario).when(asked, actor=ANN).then(changed).when(asked, actor=ANN).then()
    contact = scenario.ask(Partner(partner_id="example"), actor=ANN)
    assert (contact["organisation"], contact["url"]) == ("Example", "https://example.com")


@rule("partners.members")
@pytest.mark.parametrize("command", MEMBERS_ONLY)
def test_strangers_change_nothing(scenario: Scenario, command: Command) -> None:
    listed(scenario).when(command, actor=EVE).then_refused(NotAMember(partner_id="example"))


@pytest.mark.parametrize("command", MEMBERS_ONLY)
def test_a_partner_that_never_registered_is_unknown(scenario: Scenario, command: Command) -> None:
    scenario.when(command, actor=ANN).then_refused(UnknownPartner(partner_id="example"))


@pytest.mark.parametrize("kind", [Partner, PartnerListings])
def test_only_members_see_a_partner(
    scenario: Scenario, kind: type[Partner | PartnerListings]
) -> None:
    listed(scenario)
    query = kind(partner_id="example")
    scenario.ask_refused(query, NotAMember(partner_id="example"), actor=EVE)
    assert scenario.ask(query, actor=BOB)


def test_members_see_all_their_apps(scenario: Scenario) -> None:
    listed(scenario)
    (app,) = scenario.ask(PartnerListings(partner_id="example"), actor=ANN)["apps"]
    assert (app["app_key"], app["status"], app["version"]) == (APP, "private", "1.0.0")
