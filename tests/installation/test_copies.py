"""What the installation service takes over from what happened elsewhere."""

from typing import Any

import pytest

from services.installation.domain import App, Site
from services.installation.events import AppVisibilitySeen
from services.listing.events import (
    ListingApproved,
    ListingCreated,
    ListingDetailsChanged,
    ListingMadePrivate,
    ListingRejected,
    ListingSubmitted,
    VersionPublished,
    VersionVisibilityChanged,
)
from services.token.events import TokenRemoved
from shared.messages import Event
from shared.testing import Scenario
from tests.installation.examples import APP, DESCRIPTOR, SITE, URL, app_seen, version_seen
from tests.rules import rule

CREATED = ListingCreated(
    app_key=APP.title(),
    partner_id="example",
    name="Roadmap",
    visibility="private",
    payment_model="free",
    hosting="cloud",
    product="jira",
    descriptor_url=URL,
)
SEEN = app_seen(product="jira")


def published(build: int = 1, **fields: Any) -> VersionPublished:
    """A version of the app."""
    told: dict[str, Any] = {
        "version": "1.0.0",
        "change": "micro",
        "visibility": "private",
        "payment_model": "paid-via-atlassian",
        "authentication": "none",
        "base_url": "https://app.example.com",
        "licensing": True,
        "descriptor_url": URL,
        "descriptor": DESCRIPTOR,
    }
    return VersionPublished(app_key=APP.title(), build=build, **told | fields)


def tell(scenario: Scenario, event: Event) -> Scenario:
    """The event of the listing arrives."""
    return scenario.when_told(event, service="listing", aggregate=f"listing/{APP}")


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
def test_an_app_stands_where_its_listing_does(
    scenario: Scenario, event: Event, status: str
) -> None:
    tell(scenario, CREATED)
    tell(scenario, event).then(SEEN.model_copy(update={"status": status}))
    tell(scenario, event).then()


@rule("form.payment")
@pytest.mark.parametrize(("payment_model", "paid"), [("free", False), ("paid-via-atlassian", True)])
def test_a_version_is_taken_over_with_what_it_costs(
    scenario: Scenario, payment_model: str, paid: bool
) -> None:
    tell(scenario, CREATED)
    tell(scenario, published(payment_model=payment_model)).then(version_seen(paid=paid))


@rule("installs.link")
def test_an_app_is_found_where_its_newest_descriptor_is(scenario: Scenario) -> None:
    moved = "https://new.example.com/a.json"
    for event in (CREATED, published()):
        tell(scenario, event)
    tell(scenario, published(2, version="1.0.1", descriptor_url=moved))
    scenario.then(version_seen(2, "1.0.1"), SEEN.model_copy(update={"descriptor_url": moved}))
    (found,) = scenario.store.labelled(App, f"url:{moved}")
    assert found.key == APP
    assert scenario.store.labelled(App, f"url:{URL}") == []


@rule("installs.product")
def test_the_product_may_change(scenario: Scenario) -> None:
    tell(scenario, CREATED)
    changed = ListingDetailsChanged(app_key=APP, product="confluence", summary="Plans")
    tell(scenario, changed).then(SEEN.model_copy(update={"product": "confluence"}))
    tell(scenario, ListingDetailsChanged(app_key=APP, summary="More")).then()


@rule("form.visibility")
@rule("form.version-visibility")
def test_versions_are_shown_hidden_and_made_private(scenario: Scenario) -> None:
    for event in (CREATED, ListingApproved(app_key=APP), published(visibility="public")):
        tell(scenario, event)
    hidden, shown = (
        VersionVisibilityChanged(app_key=APP, build=1, visibility=visibility)
        for visibility in ("private", "public")
    )
    tell(scenario, hidden).then(AppVisibilitySeen(app_key=APP, build=1, visibility="private"))
    tell(scenario, shown).then(AppVisibilitySeen(app_key=APP, build=1, visibility="public"))
    tell(scenario, shown).then()
    tell(scenario, ListingMadePrivate(app_key=APP, builds=(1,)))
    scenario.then(SEEN, AppVisibilitySeen(app_key=APP, build=1, visibility="private"))


def test_the_removal_of_a_token_on_an_unknown_site_has_no_effect(scenario: Scenario) -> None:
    removed = TokenRemoved(app_key=APP, token_id=1, site_id=SITE)
    scenario.when_told(removed, service="token", aggregate=f"tokens/{APP}").then()
    assert scenario.store.load(Site, SITE).version == 0
