"""What the token service takes over from what happened elsewhere."""

import pytest

from services.installation.events import SiteRegistered, TokenAttached, TokenCleared
from services.listing.events import (
    ListingApproved,
    ListingCreated,
    ListingMadePrivate,
    ListingRejected,
    ListingSubmitted,
    MemberAdded,
    MemberRemoved,
    PartnerRegistered,
    VersionPublished,
    VersionVisibilityChanged,
)
from services.token.commands import CreateToken
from services.token.domain import AppTokens, Partner
from services.token.events import (
    ClearSeen,
    ListingSeen,
    MembersSeen,
    SiteSeen,
    TokenApplied,
    TokenCreated,
    TokenRemoved,
    UseSeen,
    VersionSeen,
)
from services.token.queries import ListTokens
from shared.messages import Event
from shared.testing import NOW, Scenario
from tests.rules import rule

APP, KEY, ANN = "com.example.App", "com.example.app", "ann"
CREATED = ListingCreated(
    app_key=APP,
    partner_id="example",
    name="Roadmap",
    visibility="private",
    payment_model="free",
    hosting="cloud",
    descriptor_url="https://app.example.com/a.json",
)
SEEN = ListingSeen(app_key=KEY, partner_id="example", status="private", hosting="cloud")


def published(build: int, visibility: str) -> VersionPublished:
    """A version of the app."""
    return VersionPublished.model_validate(
        {
            "app_key": APP,
            "build": build,
            "version": "1.0.0",
            "change": "micro",
            "visibility": visibility,
            "payment_model": "free",
            "authentication": "none",
            "base_url": "https://app.example.com",
            "licensing": False,
            "descriptor_url": "https://app.example.com/a.json",
            "descriptor": {},
        }
    )


def tell(scenario: Scenario, event: Event) -> Scenario:
    """The event arrives."""
    if isinstance(event, TokenAttached | TokenCleared):
        return scenario.when_told(event, service="installation", aggregate="site/site-a")
    about = f"listing/{KEY}" if event.app else "partner/example"
    return scenario.when_told(event, service="listing", aggregate=about)


def test_members_come_and_go(scenario: Scenario) -> None:
    registered = PartnerRegistered(partner_id="example", organisation="E", member=ANN)
    tell(scenario, registered).then(MembersSeen(partner_id="example", members=(ANN,)))
    tell(scenario, MemberAdded(partner_id="example", account="bob"))
    scenario.then(MembersSeen(partner_id="example", members=(ANN, "bob")))
    tell(scenario, MemberRemoved(partner_id="example", account=ANN))
    scenario.then(MembersSeen(partner_id="example", members=("bob",)))


@rule("form.key")
@pytest.mark.parametrize(
    ("visibility", "status"), [("private", "private"), ("public", "submitted")]
)
def test_a_listing_is_taken_over_under_its_folded_key(
    scenario: Scenario, visibility: str, status: str
) -> None:
    tell(scenario, CREATED.model_copy(update={"visibility": visibility}))
    scenario.then(SEEN.model_copy(update={"status": status}))


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (ListingSubmitted(app_key=APP), "submitted"),
        (ListingApproved(app_key=APP), "public"),
        (ListingRejected(app_key=APP, reason="no"), "rejected"),
    ],
)
def test_tokens_follow_where_the_listing_stands(
    scenario: Scenario, event: Event, status: str
) -> None:
    tell(scenario, CREATED)
    tell(scenario, event).then(SEEN.model_copy(update={"status": status}))
    tell(scenario, event).then()


def test_a_listing_made_private_takes_its_versions_with_it(scenario: Scenario) -> None:
    for event in (CREATED, ListingApproved(app_key=APP), published(1, "public")):
        tell(scenario, event)
    tell(scenario, ListingMadePrivate(app_key=APP, builds=(1,)))
    scenario.then(SEEN, VersionSeen(app_key=KEY, build=1, visibility="private"))


@rule("form.version-visibility")
def test_links_lead_to_the_newest_version_that_is_as_private(scenario: Scenario) -> None:
    registered = PartnerRegistered(partner_id="example", organisation="E", member=ANN)
    for event in (registered, CREATED, *(published(build, "private") for build in (1, 2, 3))):
        tell(scenario, event)
    hidden = VersionVisibilityChanged(app_key=APP, build=3, visibility="public")
    tell(scenario, hidden).then(VersionSeen(app_key=KEY, build=3, visibility="public"))
    tell(scenario, hidden).then()
    links = scenario.when(CreateToken(app_key=APP), actor=ANN).result["links"]
    assert "/version/2/" in links["private"]
    assert "/version/3/" in links["public"]


def test_a_site_that_was_not_seen_has_no_cloud_id(scenario: Scenario) -> None:
    scenario.given(Partner, "example", MembersSeen(partner_id="example", members=(ANN,)))
    made = TokenCreated(app_key=KEY, token_id=1, maker=ANN, created_at=NOW)
    applied = TokenApplied(app_key=KEY, token_id=1, site_id="site-a", applied_at=NOW)
    scenario.given(AppTokens, KEY, SEEN, made, applied)
    (token,) = scenario.ask(ListTokens(app_key=KEY), actor=ANN)["tokens"]
    assert token["cloud_id"] is None


def test_where_a_token_is_applied_its_partner_learns_the_cloud_id(scenario: Scenario) -> None:
    registered = SiteRegistered(
        site_id="site-a",
        base_url="https://a.example.com",
        product="jira",
        admin="bob",
        cloud_id="cloud-7",
    )
    tell(scenario, registered).then(SiteSeen(site_id="site-a", cloud_id="cloud-7"))
    scenario.given(Partner, "example", MembersSeen(partner_id="example", members=(ANN,)))
    made = [
        TokenCreated(app_key=KEY, token_id=number, maker=ANN, created_at=NOW) for number in (1, 2)
    ]
    applied = TokenApplied(app_key=KEY, token_id=1, site_id="site-a", applied_at=NOW)
    scenario.given(AppTokens, KEY, SEEN, *made, applied)
    first, second = scenario.ask(ListTokens(app_key=KEY), actor=ANN)["tokens"]
    assert (first["cloud_id"], second["cloud_id"]) == ("cloud-7", None)
    assert (first["applied_at"], second["applied_at"]) == ("2026-11-25T09:30:00Z", None)


@rule("tokens.clear")
def test_a_token_that_is_cleared_on_its_site_is_marked(scenario: Scenario) -> None:
    made = TokenCreated(app_key=KEY, token_id=1, maker=ANN, created_at=NOW)
    applied = TokenApplied(app_key=KEY, token_id=1, site_id="site-a", applied_at=NOW)
    scenario.given(AppTokens, KEY, made, applied)
    cleared = TokenCleared(site_id="site-a", app_key=KEY, token_id=1)
    seen = ClearSeen(app_key=KEY, token_id=1, site_id="site-a")
    tell(scenario, cleared).then(seen)
    tell(scenario, cleared).then()
    scenario.given(AppTokens, KEY, applied, TokenRemoved(app_key=KEY, token_id=1))
    tell(scenario, cleared).then()


@rule("tokens.clear")
def test_a_token_that_is_set_again_at_once_is_shown_in_use(scenario: Scenario) -> None:
    made = TokenCreated(app_key=KEY, token_id=1, maker=ANN, created_at=NOW)
    applied = TokenApplied(app_key=KEY, token_id=1, site_id="site-a", applied_at=NOW)
    scenario.given(AppTokens, KEY, made, applied)
    attached = TokenAttached(site_id="site-a", app_key=KEY, token_id=1)
    tell(scenario, attached).then()
    tell(scenario, TokenCleared(site_id="site-a", app_key=KEY, token_id=1))
    tell(scenario, attached).then(UseSeen(app_key=KEY, token_id=1, site_id="site-a"))
    tokens = scenario.store.load(AppTokens, KEY)
    assert not tokens.active[1].cleared
    tell(scenario, TokenCleared(site_id="site-b", app_key=KEY, token_id=1)).then()
