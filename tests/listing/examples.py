"""An app, its partner and what happened to them, for the tests of the listing service."""

from typing import Any

from services.listing.domain import Listing, Partner
from services.listing.events import (
    ListingApproved,
    ListingCreated,
    ListingSubmitted,
    MemberAdded,
    PartnerRegistered,
    VersionPublished,
)
from shared.descriptor import Descriptor
from shared.messages import Event
from shared.testing import Scenario

APP, KEY, ANN, BOB, EVE = "com.example.App", "com.example.app", "ann", "bob", "eve"
"""Ann and bob are members."""
URL = "https://app.example.com/atlassian-connect.json"
CONTENT: dict[str, Any] = {
    "key": APP,
    "name": "Roadmap",
    "vendor": {"name": "Example"},
    "baseUrl": "https://app.example.com",
    "authentication": {"type": "none"},
    "enableLicensing": True,
}
TEXTS: dict[str, Any] = {
    "summary": "Plans",
    "description": "Shows what comes next.",
    "categories": ("planning",),
    "support_contact": "support@example.com",
    "documentation": "https://example.com/docs",
    "terms": "https://example.com/terms",
    "privacy": "https://example.com/privacy",
}
CREATED = ListingCreated(
    app_key=APP,
    partner_id="example",
    name="Roadmap",
    visibility="private",
    payment_model="paid-via-atlassian",
    hosting="cloud",
    descriptor_url=URL,
)
TOLD = CREATED.model_copy(update=TEXTS)
"""The same with all that a public listing tells."""
SUBMITTED, APPROVED = ListingSubmitted(app_key=APP), ListingApproved(app_key=APP)


def descriptor(**members: Any) -> Descriptor:
    """The app's descriptor, with other members."""
    return Descriptor.of(CONTENT | members)


def version(build: int = 1, number: str = "1.0.0", **fields: Any) -> VersionPublished:
    """A version that was published."""
    told: dict[str, Any] = {
        "change": "major" if number.endswith(".0.0") else "micro",
        "visibility": "private",
        "payment_model": "paid-via-atlassian",
        "authentication": "none",
        "base_url": CONTENT["baseUrl"],
        "licensing": True,
        "descriptor_url": URL,
        "descriptor": CONTENT,
    }
    return VersionPublished(app_key=APP, build=build, version=number, **told | fields)


def listed(scenario: Scenario, *events: Event) -> Scenario:
    """A partner, and the history of its app."""
    registered = PartnerRegistered(partner_id="example", organisation="Example", member=ANN)
    added = MemberAdded(partner_id="example", account=BOB)
    scenario.given(Partner, "example", registered, added)
    return scenario.given(Listing, KEY, *(events or (CREATED, version())))
