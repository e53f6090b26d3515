"""Whatever is asked in whatever order, and however late events arrive, the rules hold."""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from services.installation.commands import (
    ApproveUpdate,
    ClearToken,
    DisableApp,
    EnablePrivateListings,
    GenerateToken,
    InstallApp,
    LicenceState,
    RegisterSite,
    ResetSite,
    SetLicenceState,
    SetToken,
    UninstallApp,
)
from services.installation.domain import Site
from services.installation.events import AppInstalled, AppUninstalled
from services.listing.commands import (
    Approve,
    MakePrivate,
    PublishApp,
    PublishVersion,
    RegisterPartner,
    Reject,
    SetVersionVisibility,
    SubmitForPublic,
)
from services.listing.domain import Listing
from services.token.commands import CreateToken, RemoveToken
from services.token.domain import AppTokens, Rules
from services.token.events import TokenApplied
from shared.links import Link
from shared.messages import Command, Reply
from tests.listing.examples import TEXTS
from tests.world import KEYS, MARKETPLACE, OPERATOR, World, assert_replayed, descriptor

APP, URL, ANN = "com.example.roadmap", "https://app.example.com/a.json", "ann"
LIMIT = 4
"""Few active tokens are allowed here, so that the limit is met often."""
SITES = ("site-a", "site-b")
T = TypeVar("T")
numbers = st.sampled_from([1, 1, 1, 2, 3, LIMIT])
sites = st.sampled_from(SITES)
builds, arrives = st.sampled_from([1, 1, 1, 2]), st.sampled_from([True, True, False])
settings.register_profile(
    "rules",
    deadline=None,
    max_examples=60,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow],
)


class Marketplace(RuleBasedStateMachine):
    """One app, three sites, and everything that may be asked about them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name), Rules(limit=LIMIT))
        self.runner = asyncio.Runner()
        self.changes = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the world."""
        return self.runner.run(work)

    def send(self, actor: str, command: Command) -> Reply:
        """Ask for something; it may well be refused, but it never fails."""
        reply = self.run(self.world.send(actor, command))
        assert reply.status != "failed", (command, reply)
        return reply

    def something_is_live(self) -> bool:
        """Whether an app is installed anywhere."""
        store = self.world.stores["installation"]
        return any(store.load(Site, site_id).on_site(APP).live for site_id in SITES)

    @initialize()
    def begin(self) -> None:
        """An app is listed, and sites take private apps."""
        self.world.descriptors[URL] = dict(descriptor(APP))
        self.send(ANN, RegisterPartner(partner_id="example", organisation="Example"))
        asked = PublishApp(
            app_key=APP,
            partner_id="example",
            descriptor_url=URL,
            visibility="private",
            payment_model="paid-via-atlassian",
            **TEXTS,
        )
        assert self.send(ANN, asked).status == "accepted"
        for site_id in SITES:
            base_url = f"https://{site_id}.example.com"
            site = RegisterSite(site_id=site_id, base_url=base_url, product="jira", admin=ANN)
            self.send(OPERATOR, site)
            self.send(ANN, EnablePrivateListings(site_id=site_id))
        self.run(self.world.settle())
        for _ in range(LIMIT - 1):
            self.send(ANN, CreateToken(app_key=APP))

    @rule(lane=st.integers(0, 5), count=st.integers(1, 5))
    def deliver(self, lane: int, count: int) -> None:
        """Some events arrive somewhere."""
        for _ in range(count):
            self.run(self.world.deliver(lane))

    @rule()
    def settle(self) -> None:
        """All events arrive everywhere."""
        self.run(self.world.settle())

    @rule(count=st.integers(1, LIMIT + 1))
    def create(self, count: int) -> None:
        """Tokens are made."""
        for _ in range(count):
            self.send(ANN, CreateToken(app_key=APP))

    @rule(number=numbers)
    def remove(self, number: int) -> None:
        """A token is removed."""
        self.send(ANN, RemoveToken(app_key=APP, token_id=number))

    @rule(
        where=st.sampled_from([SITES, SITES[:1], SITES[1:]]),
        number=numbers,
        build=builds,
        arrives=arrives,
    )
    def install(self, where: tuple[str, ...], number: int, build: int, arrives: bool) -> None:
        """Sites install with a token, maybe the same one."""
        url = Link(APP, build, KEYS.token(APP, number)).url(MARKETPLACE)
        for site_id in where:
            self.send(ANN, InstallApp(site_id=site_id, url=url))
        if arrives:
            self.settle()

    @rule(site_id=sites, build=builds)
    def install_unlicensed(self, site_id: str, build: int) -> None:
        """A site installs without a token."""
        url = Link(APP, build).url(MARKETPLACE)
        self.send(ANN, InstallApp(site_id=site_id, url=url))

    @precondition(lambda self: self.something_is_live())
    @rule(site_id=sites, number=numbers)
    def set_token(self, site_id: str, number: int) -> None:
        """A token is applied to what is installed."""
        token = KEYS.token(APP, number)
        self.send(ANN, SetToken(site_id=site_id, app_key=APP, token=token))

    @precondition(lambda self: self.something_is_live())
    @rule(site_id=sites)
    def generate(self, site_id: str) -> None:
        """A token is made and applied in one step."""
        self.send(ANN, GenerateToken(site_id=site_id, app_key=APP))

    @precondition(lambda self: self.something_is_live())
    @rule(site_id=sites, kind=st.sampled_from([ClearToken, UninstallApp, DisableApp]))
    def change(self, site_id: str, kind: type[ClearToken | UninstallApp | DisableApp]) -> None:
        """Something happens to what is installed."""
        self.send(ANN, kind(site_id=site_id, app_key=APP))

    @precondition(lambda self: self.something_is_live())
    @rule(site_id=sites)
    def reset(self, site_id: str) -> None:
        """A site begins anew."""
        self.send(ANN, ResetSite(site_id=site_id))

    @precondition(lambda self: self.something_is_live())
    @rule(site_id=sites, state=st.sampled_from(LicenceState))
    def licence(self, site_id: str, state: LicenceState) -> None:
        """A licence is switched."""
        self.send(ANN, SetLicenceState(site_id=site_id, app_key=APP, state=state))

    @precondition(lambda self: self.something_is_live())
    @rule(site_id=sites, version=st.sampled_from(["1.1.0", "1.2.0", "1.1.1"]))
    def approve_update(self, site_id: str, version: str) -> None:
        """An admin approves a version."""
        self.send(ANN, ApproveUpdate(site_id=site_id, app_key=APP, version=version))

    @rule(more=st.booleans(), visibility=st.sampled_from([None, "private", "public"]))
    def publish(self, more: bool, visibility: Any) -> None:
        """Another version is published, sometimes one that asks for more."""
        self.changes += 1
        served = self.world.descriptors[URL]
        asks = ["READ"] if "scopes" not in served else ["READ", "ADMIN"]
        served |= {"description": str(self.changes)} | ({"scopes": asks} if more else {})
        self.send(ANN, PublishVersion(app_key=APP, visibility=visibility))

    @rule(build=st.integers(1, 4), visibility=st.sampled_from(["private", "public"]))
    def show(self, build: int, visibility: Any) -> None:
        """A version is shown or hidden."""
        self.send(ANN, SetVersionVisibility(app_key=APP, build=build, visibility=visibility))

    @rule(
        command=st.sampled_from(
            [
                (ANN, MakePrivate(app_key=APP)),
                (ANN, SubmitForPublic(app_key=APP)),
                (OPERATOR, Approve(app_key=APP)),
                (OPERATOR, Reject(app_key=APP, reason="no")),
            ]
        )
    )
    def list_otherwise(self, command: tuple[str, Command]) -> None:
        """The listing goes public or private."""
        self.send(*command)

    @invariant()
    def no_more_tokens_than_allowed_are_active(self) -> None:
        """At every version."""
        assert len(self.world.stores["token"].load(AppTokens, APP).active) <= LIMIT

    @invariant()
    def each_token_has_one_site_for_ever(self) -> None:
        """In all that ever happened."""
        bound: defaultdict[int, set[str]] = defaultdict(set)
        for event in self.world.history("token", f"tokens/{APP}"):
            if isinstance(event, TokenApplied):
                bound[event.token_id].add(event.site_id)
        assert all(len(where) == 1 for where in bound.values()), bound

    @invariant()
    def beneath_a_private_listing_all_versions_are_private(self) -> None:
        """At every version."""
        listing = self.world.stores["listing"].load(Listing, APP)
        if listing.status == "private":
            assert {row.visibility for row in listing.versions.values()} <= {"private"}

    @invariant()
    def a_site_has_one_live_installation(self) -> None:
        """None is installed on another."""
        for site_id in SITES:
            live = False
            for event in self.world.history("installation", f"site/{site_id}"):
                assert not (live and isinstance(event, AppInstalled))
                if isinstance(event, AppInstalled | AppUninstalled):
                    live = isinstance(event, AppInstalled)

    def teardown(self) -> None:
        """Once all has arrived no removed token licenses anything, and replay gives the same."""
        try:
            self.run(self.world.settle())
            tokens = self.world.stores["token"].load(AppTokens, APP)
            for site_id in SITES:
                on_site = self.world.stores["installation"].load(Site, site_id).on_site(APP)
                licensed = on_site.licence is not LicenceState.NONE
                assert on_site.token_id in tokens.active or not licensed
            for name, live in self.world.stores.items():
                assert_replayed(live, Path(self.folder.name) / f"{name}.sqlite")
        finally:
            self.runner.close()
            self.world.close()
            self.folder.cleanup()


test_the_rules_hold = Marketplace.TestCase
test_the_rules_hold.settings = settings.get_profile("rules")
