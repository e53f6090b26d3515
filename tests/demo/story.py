"""The story: a partner lists an app privately, sites install it with tokens."""

from collections import defaultdict

from services.installation.commands import (
    EnablePrivateListings,
    InstallApp,
    LicenceState,
    RegisterSite,
    SetLicenceState,
)
from services.installation.events import (
    AppInstalled,
    InstallFailed,
    LicenceChanged,
    PrivateListingsEnabled,
    SiteRegistered,
)
from services.installation.queries import App
from services.listing.commands import PublishApp, RegisterPartner
from services.listing.events import ListingCreated, PartnerRegistered, VersionPublished
from services.listing.queries import Listing
from services.token.commands import CreateToken, RemoveToken
from services.token.domain import LIMIT
from services.token.events import TokenApplied, TokenCreated, TokenRemoved
from services.token.queries import ListTokens
from shared.messages import Event, Refused
from tests.clients.sample_app import PAID
from tests.demo.stage import Missing, Stage

APP: str = PAID["key"]
ANN, BOB, EVE, OPERATOR = "ann", "bob", "eve", "operator"
"""A member of the partner, the admin of both sites, a stranger, and who runs the place."""
PATIENCE = 2.0
"""Seconds that the story waits for an event."""


class Story:
    """Each method is a part; its docstring is the sentence that has to hold."""

    def __init__(self, stage: Stage, descriptor_url: str) -> None:
        self._stage = stage
        self._descriptor_url = descriptor_url
        self._link: str | None = None

    async def play(self) -> None:
        """Play all parts in order."""
        parts = [
            self._partner_registers,
            self._app_is_listed,
            self._strangers_see_nothing,
            self._sites_are_made_ready,
            self._token_is_made,
            self._app_is_installed,
            self._token_is_bound,
            self._licence_is_switched,
            self._limit_is_kept,
            self._token_is_removed,
            self._removal_makes_room,
            self._audit_is_whole,
        ]
        await self._stage.play(parts)

    async def _partner_registers(self) -> None:
        """A partner registers"""
        asked = RegisterPartner(partner_id="example", organisation="Example Ltd")
        await self._stage.accept(ANN, asked)
        await self._see(PartnerRegistered, partner_id="example")

    async def _app_is_listed(self) -> None:
        """A member lists a paid app privately"""
        asked = PublishApp(
            app_key=APP,
            partner_id="example",
            descriptor_url=self._descriptor_url,
            visibility="private",
            payment_model="paid-via-atlassian",
        )
        await self._stage.accept(ANN, asked)
        await self._see(ListingCreated, app_key=APP, visibility="private")
        await self._see(VersionPublished, app_key=APP, version="1.0.0")

    async def _strangers_see_nothing(self) -> None:
        """To a stranger the private app looks unknown"""
        answer = await self._stage.client.query(Listing(app_key=APP), actor=EVE)
        if not isinstance(answer, Refused) or answer.code != "unknown-app":
            raise Missing(f"the query Listing was answered with {answer.status}")
        await self._stage.refuse(EVE, CreateToken(app_key=APP), "unknown-app")

    async def _sites_are_made_ready(self) -> None:
        """Two sites take private apps"""
        for site in ("site-a", "site-b"):
            base_url = f"https://{site}.example.com"
            asked = RegisterSite(site_id=site, base_url=base_url, product="jira", admin=BOB)
            await self._stage.accept(OPERATOR, asked)
            await self._stage.accept(BOB, EnablePrivateListings(site_id=site))
            await self._see(SiteRegistered, site_id=site)
            await self._see(PrivateListingsEnabled, site_id=site)

    async def _token_is_made(self) -> None:
        """A member makes an access token"""
        made = await self._stage.accept(ANN, CreateToken(app_key=APP, note="for site-a"))
        await self._see(TokenCreated, app_key=APP, token_id=1)
        links = made.result["links"]
        if not isinstance(links, dict) or not isinstance(link := links["private"], str):
            raise Missing("the token has no link to the private version")
        self._link = link

    async def _app_is_installed(self) -> None:
        """A site installs the app with the token link, and it is licensed"""
        await self._stage.accept(BOB, InstallApp(site_id="site-a", url=self._token_link()))
        await self._see(TokenApplied, token_id=1, site_id="site-a")
        await self._see(AppInstalled, site_id="site-a")
        await self._licence("ACTIVE_SUBSCRIPTION", "active")

    async def _token_is_bound(self) -> None:
        """The same token on a second site is refused"""
        await self._stage.accept(BOB, InstallApp(site_id="site-b", url=self._token_link()))
        code = "token-bound-to-other-site"
        await self._see(InstallFailed, site_id="site-b", code=code)

    async def _licence_is_switched(self) -> None:
        """The licence state is switched to test the app"""
        for state, lic in (
            (LicenceState.INACTIVE_TRIAL, "none"),
            (LicenceState.ACTIVE_TRIAL, "active"),
        ):
            asked = SetLicenceState(site_id="site-a", app_key=APP, state=state)
            await self._stage.accept(BOB, asked)
            await self._see(LicenceChanged, site_id="site-a", state=state)
            await self._licence(state.value, lic)

    async def _limit_is_kept(self) -> None:
        """The app gets 50 active tokens, the 51st is refused"""
        for _ in range(LIMIT - await self._active()):
            await self._stage.accept(ANN, CreateToken(app_key=APP))
        await self._stage.refuse(ANN, CreateToken(app_key=APP), "token-limit-reached")
        if (active := await self._active()) != LIMIT:
            raise Missing(f"{active} tokens are active")
        await self._see(TokenCreated, token_id=LIMIT)

    async def _token_is_removed(self) -> None:
        """The token is removed, and the app is unlicensed"""
        await self._stage.accept(ANN, RemoveToken(app_key=APP, token_id=1))
        await self._see(TokenRemoved, token_id=1, site_id="site-a")
        await self._see(LicenceChanged, site_id="site-a", state=LicenceState.NONE)
        await self._licence("NONE", "none")

    async def _removal_makes_room(self) -> None:
        """The removal makes room for one more token"""
        await self._stage.accept(ANN, CreateToken(app_key=APP))
        await self._see(TokenCreated, token_id=LIMIT + 1)

    async def _audit_is_whole(self) -> None:
        """The audit stream has every event once and in order"""
        versions: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for published in self._stage.audit.seen:
            service, aggregate, version = published.position
            versions[service, aggregate].append(version)
        if not versions:
            raise Missing("no event was seen")
        for (service, aggregate), found in versions.items():
            if found != list(range(1, len(found) + 1)):
                raise Missing(f"{service}/{aggregate} has the versions {found}")

    async def _see(self, kind: type[Event], **fields: object) -> None:
        await self._stage.audit.see(kind, seconds=PATIENCE, **fields)

    async def _licence(self, state: str, lic: str) -> None:
        answer = await self._stage.ask(BOB, App(site_id="site-a", app_key=APP))
        told = (answer.data["licence"], answer.data["lic"])
        if told != (state, lic):
            raise Missing(f"the licence is {told}, not {(state, lic)}")

    async def _active(self) -> int:
        answer = await self._stage.ask(ANN, ListTokens(app_key=APP))
        tokens = answer.data["tokens"]
        return len(tokens) if isinstance(tokens, list) else 0

    def _token_link(self) -> str:
        if self._link is None:
            raise Missing("there is no token link")
        return self._link
