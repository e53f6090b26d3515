"""Licensed: an app on a site, as far as its token and its licence go."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from services.installation import refusals
from services.installation.commands import LicenceState
from services.installation.events import (
    AppInstalled,
    AppUpdated,
    InstallFailed,
    LicenceChanged,
    TokenAttached,
    TokenCleared,
    TokenRemovalSeen,
)
from shared.bitmap import Bitmap
from shared.messages import Event

FRESH = LicenceState.ACTIVE_SUBSCRIPTION
"""What the licence of a token stands at when it is applied."""


@dataclass
class Licensed:
    """The part of OnSite that a token licenses."""

    site_id: str
    app_key: str
    record: Callable[[Event], None] = field(repr=False, compare=False)
    paid: bool = False
    """Whether the version that is live has a licence at all."""
    token_id: int | None = None
    """The token that the app runs on."""
    brought: int | None = None
    """The token that the install which is under way brings; what is live doesn't run on it yet."""
    licence: LicenceState = LicenceState.NONE
    removed: Bitmap = field(default_factory=Bitmap)
    """Tokens bound to this site that their partner removed."""

    @property
    def is_licensed_by_token(self) -> bool:
        """Whether a token is in use that wasn't removed: then there are licence and updates."""
        return self.token_id is not None and self.token_id not in self.removed

    @property
    def lic(self) -> Literal["active", "none"] | None:
        """What the app is told of its licence on each page; a free app is told nothing."""
        if not self.paid:
            return None
        return "active" if self.licence.active else "none"

    def require_paid(self) -> None:
        """Raises AppIsFree."""
        if not self.paid:
            raise refusals.AppIsFree(app_key=self.app_key)

    def attach_token(self, token_id: int) -> None:
        """Run a live app on a token that was applied here; others are cleared.

        Its licence begins anew, unless the token was removed meanwhile. Again without effect.
        """
        if self.brought is not None and self.brought not in (token_id, self.token_id):
            self._clear(self.brought)
        if self.token_id == token_id:
            return
        self.clear_token()
        self.record(TokenAttached(site_id=self.site_id, app_key=self.app_key, token_id=token_id))
        if self.paid and self.is_licensed_by_token:
            self.change_licence(FRESH)

    def bring_token(self, token_id: int, attempt: int) -> None:
        """Keep a token that was applied here for the end of an install: it may still fail."""
        self.record(
            TokenAttached(
                site_id=self.site_id,
                app_key=self.app_key,
                token_id=token_id,
                attempt=attempt,
                brought=True,
            )
        )

    def clear_token(self) -> None:
        """Run the app on no token; again without effect."""
        if self.token_id is not None:
            self.change_licence(LicenceState.NONE)
            self._clear(self.token_id)

    def let_go(self, token_id: int) -> None:
        """Clear a token that an install which failed may have applied; not one that is wanted."""
        if token_id not in (self.token_id, self.brought):
            self._clear(token_id)

    def see_token_removal(self, token_id: int) -> None:
        """Take over that a token bound to this site was removed: the app is unlicensed."""
        self.record(TokenRemovalSeen(site_id=self.site_id, app_key=self.app_key, token_id=token_id))
        if not self.is_licensed_by_token:
            self.change_licence(LicenceState.NONE)

    def set_licence(self, state: LicenceState) -> None:
        """Switch the licence of a live app, to test the app; raises AppIsFree, NoToken."""
        self.require_paid()
        if not self.is_licensed_by_token:
            raise refusals.NoToken(app_key=self.app_key, site_id=self.site_id)
        self.change_licence(state)

    def evolve_licence(self, event: Event) -> None:
        """Assign what `event` says."""
        match event:
            case TokenAttached(brought=True):
                self.brought = event.token_id
            case TokenAttached():
                self.token_id = event.token_id
            case TokenCleared():
                self.token_id = None if event.token_id == self.token_id else self.token_id
                self.brought = None if event.token_id == self.brought else self.brought
            case TokenRemovalSeen():
                self.removed = self.removed.plus(event.token_id)
            case LicenceChanged():
                self.licence = event.state
            case AppInstalled() | AppUpdated():
                self.token_id = self.token_id if self.brought is None else self.brought
                self.brought = None
            case InstallFailed():
                self.brought = None

    def change_licence(self, state: LicenceState) -> None:
        """Let the licence stand at a state; again without effect."""
        if self.licence is not state:
            self.record(LicenceChanged(site_id=self.site_id, app_key=self.app_key, state=state))

    def _clear(self, token_id: int) -> None:
        self.record(TokenCleared(site_id=self.site_id, app_key=self.app_key, token_id=token_id))
