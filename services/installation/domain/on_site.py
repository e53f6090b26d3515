"""OnSite: one app on one site, whether it is installed or only was or will be."""

from dataclasses import dataclass, field

from services.installation import refusals
from services.installation.commands import Hook, InstallBegun
from services.installation.domain.app import App
from services.installation.domain.hooks import UNTAKEN, Hooks, not_taken
from services.installation.domain.installed import Installed
from services.installation.events import (
    AppDisabled,
    AppEnabled,
    AppInstalled,
    AppUninstalled,
    AppUpdated,
    AppVersionSeen,
    HookAnswered,
    HookRequested,
    InstallFailed,
    InstallRequested,
    UpdateOffered,
)
from services.installation.steps import AnswerHook
from shared.messages import Event


@dataclass
class OnSite(Installed):
    """A part of Site; it records on the site's history."""

    enabled: bool = True
    offered: UpdateOffered | None = None
    hooks: Hooks = field(default_factory=Hooks)
    untaken: int = 0
    """The build that the app didn't take when it was updated; it isn't tried again by itself."""

    def rotate_secret(self, app: App, key_id: str) -> InstallBegun:
        """Begin an update to the same version, with another secret; raises NoSecret."""
        live = self.require_live()
        if self._secret is None:
            raise refusals.NoSecret(app_key=self.app_key, site_id=self.site_id)
        self.require_settled()
        return self._follow(app.versions[live.build], self._new_secret(key_id))

    def update(self, app: App, key_id: str) -> None:
        """Follow the newest version, or offer it where the admin has to approve.

        Without effect when there is none, for a private app without a token, for a version
        that the app didn't take, and during an install: what ends that leads here again.
        """
        newest = app.newest(private=self.private)
        if self.live is None or self.under_way is not None:
            return
        if newest is None or newest.build <= self.live.build or newest.build == self.untaken:
            return
        if not self._may_follow(app, newest):
            return
        if not app.asks_more(self.live.build, newest.build):
            self._follow(newest, self._secret_by(key_id))
        elif self.offered is None or self.offered.build != newest.build:
            self.record(
                UpdateOffered(
                    site_id=self.site_id,
                    app_key=self.app_key,
                    build=newest.build,
                    version=newest.version,
                )
            )

    def approve_update(self, version: str, app: App, key_id: str) -> InstallBegun:
        """Begin the update that was offered; raises NothingToApprove, InstallInProgress."""
        offered = None if self.offered is None else app.versions[self.offered.build]
        if offered is None or offered.version != version or not self._may_follow(app, offered):
            raise refusals.NothingToApprove(app_key=self.app_key, version=version)
        self.require_settled()
        return self._follow(offered, self._secret_by(key_id))

    def enable(self) -> None:
        """Let a live app be used; again without effect."""
        if not self.enabled:
            self.record(AppEnabled(site_id=self.site_id, app_key=self.app_key))

    def disable(self) -> None:
        """Keep a live app from being used; again without effect."""
        if self.enabled:
            self.record(AppDisabled(site_id=self.site_id, app_key=self.app_key))

    def send_hook(self, hook: Hook) -> None:
        """Let an app be told once more where it stands, unless it is about to be.

        Raises HookNotDue.
        """
        stands: set[Hook] = {"uninstalled"}
        if self.live is not None:
            stands = {"installed", "enabled" if self.enabled else "disabled"}
        if hook not in stands or self.request is None or hook not in self.request.hooks:
            raise refusals.HookNotDue(app_key=self.app_key, site_id=self.site_id, hook=hook)
        if not self.hooks.is_last(self.request, hook):
            self.record(HookRequested(site_id=self.site_id, app_key=self.app_key, hook=hook))

    def answer_hook(self, answer: AnswerHook) -> None:
        """Take over how the app took what was due; an install that waits for it ends with it."""
        due = self.hooks.find(answer.cause, answer.hook)
        if due is None:
            return
        installation_id = due.request.installation_id
        self.record(HookAnswered(**answer.model_dump(), installation_id=installation_id))
        if due.request == self.under_way:
            why = not_taken(answer)
            if why is None:
                self.finish_install()
            else:
                self.fail_install(why.code, why.detail, answer.status)

    def see_rename(self, cause: int) -> None:
        """From that version of the site on the app is to be told its new address."""
        if self.live is not None:
            self.tell(cause, "installed")
        elif self.under_way is not None:
            self.hooks.add(cause, self.under_way, "installed")

    def tell(self, cause: int, *hooks: Hook) -> None:
        """From that version of the site on the app is to be told this, if it wants to be."""
        if self.request is not None:
            self.hooks.add(cause, self.request, *hooks)

    def evolve(self, event: Event, version: int) -> None:
        """Assign what `event` says, which makes that version of the site."""
        self.evolve_licence(event)
        match event:
            case InstallRequested():
                self.attempts, self.under_way = event.attempt, event
                self.hooks.add(version, event, "installed")
            case AppInstalled() | AppUpdated():
                self._keep(event)
                if self.under_way is not None:
                    self.paid = self.under_way.paid
                    self.private = self.private or self.under_way.private
                    self.hooks.rebind(self.request, self.under_way)
                    self.request = self.under_way
                self.under_way, self.live, self.offered, self.untaken = None, event, None, 0
                if isinstance(event, AppInstalled):
                    self.tell(version, "enabled")
            case InstallFailed():
                self._keep(event)
                if self.under_way is not None:
                    self.hooks.drop(self.under_way)
                    if event.code in UNTAKEN:
                        self.untaken = self.under_way.build
                self.under_way = None
            case HookRequested():
                self.tell(version, event.hook)
            case HookAnswered():
                self.hooks.settle(event)
            case UpdateOffered():
                self.offered = event
            case AppUninstalled():
                hooks: list[Hook] = ["disabled", "uninstalled"]
                self.tell(version, *(hooks if self.enabled else hooks[1:]))
                self.live, self.offered = None, None
                self.paid, self.private, self.enabled = False, False, True
            case AppEnabled():
                self.enabled = True
                self.tell(version, "enabled")
            case AppDisabled():
                self.enabled = False
                self.tell(version, "disabled")

    def _may_follow(self, app: App, version: AppVersionSeen) -> bool:
        """Whether that version may come without a link to it."""
        licensed = self.is_licensed_by_token or not app.is_private
        return licensed and app.is_seen(version, private=self.private)

    def _follow(self, version: AppVersionSeen, secret: str) -> InstallBegun:
        """Begin an update that nobody gave a link for: what came publicly stays so."""
        private = self.private and version.visibility == "private"
        return self._begin(version, secret, None, private=private)
