"""AppTokens: at most 50 active tokens for an app, each bound to one site for ever."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from services.listing.commands import Visibility
from services.listing.queries import Status
from services.token import refusals
from services.token.commands import Links
from services.token.domain.partner import Partner
from services.token.events import (
    ClearSeen,
    ListingSeen,
    TokenApplied,
    TokenCreated,
    TokenNoteChanged,
    TokenRemoved,
    UseSeen,
    VersionSeen,
)
from shared.aggregate import Aggregate
from shared.errors import NotAMember, UnknownApp
from shared.links import Link
from shared.messages import Event
from shared.names import Timestamp

LIMIT = 50
"""Active tokens for an app; applied or cleared doesn't matter."""


@dataclass(frozen=True)
class Rules:
    """The rules that tests can switch off, to see that their loss is noticed."""

    limit: int = LIMIT
    binding: bool = True


class Token(NamedTuple):
    """An active token: created and not removed."""

    token_id: int
    note: str | None
    maker: str
    created_at: Timestamp
    site_id: str | None = None
    applied_at: Timestamp | None = None
    cleared: bool = False


class AppTokens(Aggregate):
    """All tokens of one app. A number that was given and isn't active was removed."""

    KIND = "tokens"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.listing: ListingSeen | None = None
        self.builds: dict[int, Visibility] = {}
        self.given = 0
        self.active: dict[int, Token] = {}

    def see_listing(self, seen: ListingSeen) -> None:
        """Take over what the listing says."""
        self.record(seen)

    def see_status(self, status: Status) -> None:
        """Take over where the listing stands; again without effect."""
        if self.listing is not None and self.listing.status != status:
            self.record(self.listing.model_copy(update={"status": status}))

    def see_version(self, build: int, visibility: Visibility) -> None:
        """Take over who sees a version; again without effect."""
        if self.builds.get(build) != visibility:
            self.record(VersionSeen(app_key=self.key, build=build, visibility=visibility))

    def see_clear(self, token_id: int, site_id: str) -> None:
        """Take over that a token is no longer used on its site; nothing to say once removed."""
        token = self.active.get(token_id)
        if token is not None and token.site_id == site_id and not token.cleared:
            self.record(ClearSeen(app_key=self.key, token_id=token_id, site_id=site_id))

    def see_use(self, token_id: int, site_id: str) -> None:
        """Take over that a token is used on its site, which undoes only an earlier clear."""
        token = self.active.get(token_id)
        if token is not None and token.site_id == site_id and token.cleared:
            self.record(UseSeen(app_key=self.key, token_id=token_id, site_id=site_id))

    def require_listed(self) -> ListingSeen:
        """What the listing says; raises UnknownApp."""
        if self.listing is None:
            raise UnknownApp(app_key=self.key)
        return self.listing

    def require_member(self, partner: Partner, account: str) -> None:
        """Raises NotAMember, or UnknownApp where that would tell too much."""
        if account not in partner.members:
            if self.require_listed().status != "public":
                raise UnknownApp(app_key=self.key)
            raise NotAMember(partner_id=partner.key)

    def create(self, maker: str, note: str | None, now: Timestamp, rules: Rules) -> int:
        """Make a token and give its number; raises ListingNotPrivate, TokenLimitReached."""
        listing = self.require_listed()
        if (listing.status, listing.hosting) != ("private", "cloud"):
            raise refusals.ListingNotPrivate(app_key=self.key)
        if len(self.active) >= rules.limit:
            raise refusals.TokenLimitReached(app_key=self.key, limit=rules.limit)
        token_id = self.given + 1
        self.record(
            TokenCreated(
                app_key=self.key, token_id=token_id, note=note, maker=maker, created_at=now
            )
        )
        return token_id

    def set_note(self, token_id: int, note: str | None) -> None:
        """Say what a token is for, again without effect; raises UnknownToken, TokenRemoved."""
        self._require_given(token_id)
        token = self.active.get(token_id)
        if token is None:
            raise refusals.TokenRemoved(app_key=self.key, token_id=token_id)
        if token.note != note:
            self.record(TokenNoteChanged(app_key=self.key, token_id=token_id, note=note))

    def remove(self, token_id: int) -> None:
        """Remove a token, again without effect; raises UnknownToken."""
        self._require_given(token_id)
        token = self.active.get(token_id)
        if token is not None:
            self.record(TokenRemoved(app_key=self.key, token_id=token_id, site_id=token.site_id))

    def apply(self, token_id: int, site_id: str, now: Timestamp, rules: Rules) -> None:
        """Bind a genuine token to a site, once more where it is bound already.

        Raises TokenRemoved, TokenBoundToOtherSite.
        """
        token = self.active.get(token_id)
        if token is None:
            raise refusals.TokenRemoved(app_key=self.key, token_id=token_id)
        if rules.binding and token.site_id not in (None, site_id):
            raise refusals.TokenBoundToOtherSite(app_key=self.key, token_id=token_id)
        if token.site_id != site_id or token.cleared:
            self.record(
                TokenApplied(app_key=self.key, token_id=token_id, site_id=site_id, applied_at=now)
            )

    def links(self, public_url: str, token: str) -> Links:
        """The installation URLs that a token has: to the newest private and public version."""
        newest = {self.builds[build]: build for build in sorted(self.builds)}
        urls = {
            visibility: Link(self.key, build, token).url(public_url)
            for visibility, build in newest.items()
        }
        return Links(**urls)

    def evolve(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case TokenCreated():
                self.given = event.token_id
                self.active[event.token_id] = Token(
                    event.token_id, event.note, event.maker, event.created_at
                )
            case TokenRemoved():
                self.active.pop(event.token_id, None)
            case TokenApplied():
                self._change(
                    event.token_id,
                    site_id=event.site_id,
                    applied_at=event.applied_at,
                    cleared=False,
                )
            case TokenNoteChanged():
                self._change(event.token_id, note=event.note)
            case ClearSeen():
                self._change(event.token_id, cleared=True)
            case UseSeen():
                self._change(event.token_id, cleared=False)
            case ListingSeen():
                self.listing = event
            case VersionSeen():
                self.builds = {**self.builds, event.build: event.visibility}

    def _require_given(self, token_id: int) -> None:
        if token_id > self.given:
            raise refusals.UnknownToken(app_key=self.key, token_id=token_id)

    def _change(self, token_id: int, **fields: Any) -> None:
        if token_id in self.active:
            self.active[token_id] = self.active[token_id]._replace(**fields)
