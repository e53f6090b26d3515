"""Versions: what a descriptor changes tells the number."""

from typing import Any

import pytest

from services.listing import refusals
from services.listing.commands import PublishVersion
from services.listing.events import VersionPublished
from shared.descriptor import Descriptor
from shared.errors import Refusal
from shared.messages import Event
from shared.testing import Scenario
from tests.listing.examples import (
    ANN,
    APP,
    APPROVED,
    CONTENT,
    CREATED,
    SUBMITTED,
    TOLD,
    URL,
    descriptor,
    listed,
    version,
)
from tests.rules import rule

BEFORE = CONTENT | {"scopes": ["WRITE"], "apiVersion": 2}
PUBLISH = PublishVersion(app_key=APP)


def publish(
    scenario: Scenario, members: dict[str, Any], asked: PublishVersion = PUBLISH, **before: Any
) -> Scenario:
    """After version 2.3.4 the descriptor has other members, and is published."""
    listed(scenario, CREATED, version(7, "2.3.4", descriptor=BEFORE, **before))
    scenario.prepared = descriptor(**BEFORE | members)
    return scenario.when(asked, actor=ANN)


def published(scenario: Scenario) -> VersionPublished:
    """The version that was published just now."""
    events = [
        scenario.store.mapper.to_domain_event(row).event for row in scenario.store.log_after(0, 99)
    ]
    assert isinstance(events[-1], VersionPublished)
    return events[-1]


@rule("versions.major")
@rule("versions.minor")
@rule("versions.micro")
@rule("versions.scopes")
@pytest.mark.parametrize(
    ("members", "number", "change"),
    [
        ({"apiVersion": 3}, "3.0.0", "major"),
        ({"apiVersion": 5, "scopes": ["ADMIN"]}, "5.0.0", "major"),
        ({"scopes": ["WRITE", "DELETE"]}, "2.4.0", "minor"),
        ({"scopes": ["write", "act_as_user"]}, "2.4.0", "minor"),
        ({"scopes": ["WRITE", "READ"]}, "2.3.5", "micro"),
        ({"scopes": ["READ"]}, "2.3.5", "micro"),
        ({"scopes": []}, "2.3.5", "micro"),
        ({"scopes": ["NONE"]}, "2.3.5", "micro"),
        ({"description": "More."}, "2.3.5", "micro"),
        ({"baseUrl": "https://new.example.com"}, "2.3.5", "micro"),
    ],
)
def test_what_changed_tells_the_number(
    scenario: Scenario, members: dict[str, Any], number: str, change: str
) -> None:
    publish(scenario, members)
    told = published(scenario)
    assert (told.version, told.change, told.build) == (number, change, 8)


@rule("versions.scopes")
@pytest.mark.parametrize(
    ("old", "new", "more"),
    [
        ("DELETE", "WRITE", False),
        ("PROJECT_ADMIN", "DELETE", False),
        ("SPACE_ADMIN", "PROJECT_ADMIN", True),
        ("PROJECT_ADMIN", "SPACE_ADMIN", True),
        ("ADMIN", "SPACE_ADMIN", False),
        ("ADMIN", "PROJECT_ADMIN", False),
        ("ADMIN", "ACT_AS_USER", True),
        ("ACT_AS_USER", "READ", True),
    ],
)
def test_a_scope_that_others_include_is_none_more(
    scenario: Scenario, old: str, new: str, more: bool
) -> None:
    listed(scenario, CREATED, version(descriptor=CONTENT | {"scopes": [old]}))
    scenario.prepared = descriptor(scopes=[old, new])
    scenario.when(PUBLISH, actor=ANN)
    assert published(scenario).change == ("minor" if more else "micro")


@rule("versions.minor")
def test_paid_instead_of_free_is_a_minor_version(scenario: Scenario) -> None:
    paid = PublishVersion(app_key=APP, payment_model="paid-via-atlassian")
    publish(scenario, {}, paid, payment_model="free")
    told = published(scenario)
    assert (told.version, told.change, told.payment_model) == (
        "2.4.0",
        "minor",
        "paid-via-atlassian",
    )


@rule("versions.micro")
def test_free_instead_of_paid_is_a_micro_version(scenario: Scenario) -> None:
    publish(scenario, {}, PublishVersion(app_key=APP, payment_model="free"))
    assert published(scenario).version == "2.3.5"


def test_a_version_of_a_free_app_needs_no_licensing(scenario: Scenario) -> None:
    publish(scenario, {"enableLicensing": False}, payment_model="free")
    assert not published(scenario).licensing


@rule("form.version-visibility")
@rule("form.beta")
def test_a_version_is_as_private_as_its_listing_and_may_be_beta(scenario: Scenario) -> None:
    publish(scenario, {"description": "1"}, PublishVersion(app_key=APP, beta=True))
    assert (published(scenario).visibility, published(scenario).beta) == ("private", True)


@rule("versions.unchanged")
@rule("versions.identity")
@rule("versions.major")
@rule("form.payment")
@pytest.mark.parametrize(
    ("members", "refusal"),
    [
        ({}, refusals.DescriptorUnchanged(version="2.3.4")),
        ({"apiVersion": 1}, refusals.ApiVersionLower(api_version=1, before=2)),
        ({"key": "com.example.Other"}, refusals.IdentityChanged(changed="key")),
        ({"name": "Plans"}, refusals.IdentityChanged(changed="name")),
        ({"vendor": {"name": "Other"}}, refusals.IdentityChanged(changed="vendor")),
        ({"vendor": {}, "name": "X"}, refusals.IdentityChanged(changed="name, vendor")),
        ({"enableLicensing": False}, refusals.LicensingNotEnabled()),
    ],
)
def test_a_version_that_breaks_a_rule_is_refused(
    scenario: Scenario, members: dict[str, Any], refusal: Refusal
) -> None:
    publish(scenario, members).then_refused(refusal)


@rule("versions.unchanged")
def test_another_order_changes_nothing(scenario: Scenario) -> None:
    listed(scenario)
    scenario.prepared = Descriptor.of(dict(reversed(CONTENT.items())))
    scenario.when(PUBLISH, actor=ANN)
    scenario.then_refused(refusals.DescriptorUnchanged(version="1.0.0"))


def test_a_version_is_never_paid_via_the_vendor(scenario: Scenario) -> None:
    publish(scenario, {}, PublishVersion(app_key=APP, payment_model="paid-via-vendor"))
    scenario.then_refused(refusals.PaidViaVendorNotForConnect())
    assert scenario.needed == []


def test_the_descriptor_is_fetched_where_the_last_version_was(scenario: Scenario) -> None:
    moved = PublishVersion(app_key=APP, descriptor_url="https://new.example.com/a.json")
    publish(scenario, {"description": "1"}, moved)
    scenario.prepared = descriptor(**BEFORE | {"description": "2"})
    scenario.when(PUBLISH, actor=ANN)
    assert [need.url for need in scenario.needed] == [moved.descriptor_url] * 2  # type: ignore[attr-defined]
    assert moved.descriptor_url != URL


@rule("form.again-submitted")
@pytest.mark.parametrize(
    ("members", "asked", "again"),
    [
        ({"description": "More."}, PUBLISH, ()),
        ({"baseUrl": "https://new.example.com"}, PUBLISH, (SUBMITTED,)),
        ({}, PublishVersion(app_key=APP, payment_model="free"), (SUBMITTED,)),
    ],
)
def test_a_new_base_url_or_payment_takes_a_public_app_back(
    scenario: Scenario, members: dict[str, Any], asked: PublishVersion, again: tuple[Event, ...]
) -> None:
    listed(scenario, TOLD, version(visibility="public"), SUBMITTED, APPROVED)
    scenario.prepared = new = descriptor(**members)
    scenario.when(asked, actor=ANN)
    told = version(
        2,
        "1.0.1",
        visibility="public",
        payment_model=asked.payment_model or "paid-via-atlassian",
        base_url=new.base_url,
        descriptor=new.content,
    )
    scenario.then(*again, told)
