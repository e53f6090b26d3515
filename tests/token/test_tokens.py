"""What the token service decides: the limit, the binding, who may make tokens and see them."""

from datetime import timedelta

import pytest

from services.listing.queries import Status
from services.token import refusals
from services.token.commands import ApplyToken, CreateToken, RemoveToken, SetTokenNote
from services.token.domain import LIMIT, AppTokens, Partner
from services.token.events import (
    ClearSeen,
    ListingSeen,
    MembersSeen,
    TokenApplied,
    TokenCreated,
    TokenNoteChanged,
    TokenRemoved,
    VersionSeen,
)
from services.token.queries import ListTokens
from shared.errors import NotAMember, UnknownApp
from shared.messages import Command, Event
from shared.testing import NOW, Scenario
from tests.rules import rule
from tests.token.conftest import KEYS, MARKETPLACE

APP, ANN, EVE = "com.example.app", "ann", "eve"
MEMBERS = MembersSeen(partner_id="example", members=(ANN,))
VERSION = VersionSeen(app_key=APP, build=3, visibility="private")
APPLIED = TokenApplied(app_key=APP, token_id=1, site_id="site-a", applied_at=NOW)
CLEARED = ClearSeen(app_key=APP, token_id=1, site_id="site-a")
REMOVED = TokenRemoved(app_key=APP, token_id=1, site_id="site-a")
LATER = NOW + timedelta(days=1)


def listed(status: Status = "private", hosting: str = "cloud") -> ListingSeen:
    """What the listing says."""
    return ListingSeen(app_key=APP, partner_id="example", status=status, hosting=hosting)


def made(token_id: int, note: str | None = None) -> TokenCreated:
    """That ann made a token."""
    return TokenCreated(app_key=APP, token_id=token_id, note=note, maker=ANN, created_at=NOW)


def token(token_id: int) -> str:
    """A token of the app."""
    return KEYS.token(APP, token_id)


def given(scenario: Scenario, *events: Event, listing: ListingSeen | None = None) -> Scenario:
    """A listed app of which ann is a member, and what happened to its tokens."""
    scenario.given(Partner, "example", MEMBERS)
    return scenario.given(AppTokens, APP, listing or listed(), VERSION, *events)


@rule("tokens.limit")
def test_the_fiftieth_active_token_is_made(scenario: Scenario) -> None:
    given(scenario, *map(made, range(1, LIMIT)))
    scenario.when(CreateToken(app_key=APP, note="for Bob"), actor=ANN)
    scenario.then(made(LIMIT, "for Bob"))


@rule("tokens.limit")
def test_the_fifty_first_active_token_is_refused(scenario: Scenario) -> None:
    given(scenario, *map(made, range(1, LIMIT + 1)), APPLIED, CLEARED)
    scenario.when(CreateToken(app_key=APP), actor=ANN)
    scenario.then_refused(refusals.TokenLimitReached(app_key=APP, limit=50))


@rule("tokens.limit")
@rule("tokens.remove")
def test_removing_one_makes_room_and_no_number_is_given_twice(scenario: Scenario) -> None:
    given(scenario, *map(made, range(1, LIMIT + 1)))
    gone = TokenRemoved(app_key=APP, token_id=LIMIT)
    scenario.when(RemoveToken(app_key=APP, token_id=LIMIT), actor=ANN).then(gone)
    scenario.when(CreateToken(app_key=APP), actor=ANN).then(made(LIMIT + 1))


def test_a_made_token_is_told_with_its_links(scenario: Scenario) -> None:
    public = VersionSeen(app_key=APP, build=2, visibility="public")
    given(scenario, public).when(CreateToken(app_key=APP), actor=ANN)
    links = {
        visibility: f"{MARKETPLACE}/download/apps/{APP}/version/{build}/descriptor"
        f"?access-token={token(1)}"
        for visibility, build in (("private", 3), ("public", 2))
    }
    assert scenario.result == {"token_id": 1, "token": token(1), "links": links}


@rule("tokens.private-cloud")
@rule("tokens.public")
@pytest.mark.parametrize(
    "listing", [listed("submitted"), listed("public"), listed("rejected"), listed(hosting="server")]
)
def test_tokens_are_made_for_private_listings_in_the_cloud_only(
    scenario: Scenario, listing: ListingSeen
) -> None:
    given(scenario, listing=listing).when(CreateToken(app_key=APP), actor=ANN)
    scenario.then_refused(refusals.ListingNotPrivate(app_key=APP))


@rule("tokens.public")
@pytest.mark.parametrize("status", ["submitted", "public", "rejected"])
def test_a_token_goes_on_when_its_listing_is_private_no_more(
    scenario: Scenario, status: Status
) -> None:
    given(scenario, made(1), listed(status))
    scenario.when(ApplyToken(app_key=APP, token=token(1), site_id="site-a"), actor="guestlist")
    scenario.then(APPLIED)


@rule("tokens.members")
@rule("tokens.unknown")
@pytest.mark.parametrize("status", ["private", "submitted", "rejected", "public"])
@pytest.mark.parametrize(
    "command",
    [
        CreateToken(app_key=APP),
        RemoveToken(app_key=APP, token_id=1),
        SetTokenNote(app_key=APP, token_id=1),
    ],
)
def test_only_members_make_and_change_tokens(
    scenario: Scenario, command: Command, status: Status
) -> None:
    given(scenario, made(1), listing=listed(status)).when(command, actor=EVE)
    unknown, stranger = UnknownApp(app_key=APP), NotAMember(partner_id="example")
    scenario.then_refused(stranger if status == "public" else unknown)


@rule("tokens.members")
@rule("tokens.unknown")
def test_only_members_list_tokens(scenario: Scenario) -> None:
    given(scenario, made(1), made(2, "for Bob"), APPLIED)
    scenario.ask_refused(ListTokens(app_key=APP), UnknownApp(app_key=APP), actor=EVE)
    first, second = scenario.ask(ListTokens(app_key=APP), actor=ANN)["tokens"]
    assert (first["token"], first["status"], first["site_id"]) == (token(1), "applied", "site-a")
    assert (second["note"], second["maker"], second["status"]) == ("for Bob", ANN, "unused")


@pytest.mark.parametrize(
    "command", [CreateToken(app_key="x"), RemoveToken(app_key="x", token_id=1)]
)
def test_an_app_that_is_not_listed_is_unknown(scenario: Scenario, command: Command) -> None:
    given(scenario).when(command, actor=ANN).then_refused(UnknownApp(app_key="x"))
    scenario.ask_refused(ListTokens(app_key="x"), UnknownApp(app_key="x"), actor=ANN)
    scenario.ask_refused(ListTokens(app_key="X"), UnknownApp(app_key="x"), actor=ANN)
    asked = ListTokens(app_key=APP.upper())
    scenario.ask_refused(asked, UnknownApp(app_key=APP), actor=EVE)


@rule("tokens.bound")
def test_a_token_is_bound_to_the_first_site(scenario: Scenario) -> None:
    given(scenario, made(1))
    scenario.when(ApplyToken(app_key=APP, token=token(1), site_id="site-a"), actor="guestlist")
    scenario.then(APPLIED)
    assert scenario.result == {"token_id": 1}
    scenario.when(ApplyToken(app_key=APP, token=token(1), site_id="site-b"), actor="guestlist")
    scenario.then_refused(refusals.TokenBoundToOtherSite(app_key=APP, token_id=1))


@rule("tokens.bound")
@rule("tokens.clear")
@rule("sites.reset")
def test_a_cleared_token_is_applied_again_on_its_own_site_only(scenario: Scenario) -> None:
    given(scenario, made(1), APPLIED, CLEARED)
    scenario.when(ApplyToken(app_key=APP, token=token(1), site_id="site-b"), actor="guestlist")
    scenario.then_refused(refusals.TokenBoundToOtherSite(app_key=APP, token_id=1))
    again = ApplyToken(app_key=APP, token=token(1), site_id="site-a")
    scenario.when(again, actor="guestlist", now=LATER)
    scenario.then(APPLIED.model_copy(update={"applied_at": LATER}))


def test_applying_a_token_again_on_its_site_has_no_effect(scenario: Scenario) -> None:
    given(scenario, made(1), APPLIED)
    scenario.when(ApplyToken(app_key=APP, token=token(1), site_id="site-a"), actor="guestlist")
    scenario.then()


WRONG = {
    "another app's": KEYS.token("com.example.other", 1),
    "never made": token(2),
    "cut": token(1)[:-1],
    "with another number": token(1).replace("gl_1", "gl_2"),
    "behind a space": f" {token(1)}",
    "before a line feed": f"{token(1)}\n",
    "masked": "gl_1_k1***",
    "no token at all": "x",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_unknown_and_wrong_tokens_look_the_same(scenario: Scenario, text: str) -> None:
    given(scenario, made(1))
    scenario.when(ApplyToken(app_key=APP, token=text, site_id="site-a"), actor="guestlist")
    scenario.then_refused(refusals.TokenInvalid(app_key=APP))


@rule("tokens.remove")
@pytest.mark.parametrize("site_id", ["site-a", "site-b"])
def test_a_removed_token_is_refused_on_every_site(scenario: Scenario, site_id: str) -> None:
    given(scenario, made(1), APPLIED)
    scenario.when(RemoveToken(app_key=APP, token_id=1), actor=ANN).then(REMOVED)
    scenario.when(ApplyToken(app_key=APP, token=token(1), site_id=site_id), actor="guestlist")
    scenario.then_refused(refusals.TokenRemoved(app_key=APP, token_id=1))


@rule("tokens.remove")
def test_removing_a_token_again_has_no_effect(scenario: Scenario) -> None:
    given(scenario, made(1), APPLIED, REMOVED)
    scenario.when(RemoveToken(app_key=APP, token_id=1), actor=ANN).then()
    assert scenario.ask(ListTokens(app_key=APP), actor=ANN)["tokens"] == []


@pytest.mark.parametrize(
    "command", [RemoveToken(app_key=APP, token_id=2), SetTokenNote(app_key=APP, token_id=2)]
)
def test_a_number_that_was_never_given_is_unknown(scenario: Scenario, command: Command) -> None:
    given(scenario, made(1)).when(command, actor=ANN)
    scenario.then_refused(refusals.UnknownToken(app_key=APP, token_id=2))


def test_a_note_is_changed_and_taken_away(scenario: Scenario) -> None:
    given(scenario, made(1))
    note = SetTokenNote(app_key=APP, token_id=1, note="for Bob")
    changed = TokenNoteChanged(app_key=APP, token_id=1, note="for Bob")
    scenario.when(note, actor=ANN).then(changed).when(note, actor=ANN).then()
    gone = SetTokenNote(app_key=APP, token_id=1)
    scenario.when(gone, actor=ANN).then(TokenNoteChanged(app_key=APP, token_id=1))


def test_a_removed_token_takes_no_note(scenario: Scenario) -> None:
    given(scenario, made(1), REMOVED)
    scenario.when(SetTokenNote(app_key=APP, token_id=1, note="x"), actor=ANN)
    scenario.then_refused(refusals.TokenRemoved(app_key=APP, token_id=1))
