"""Installed: an app on a site, as far as its installs go."""

from dataclasses import dataclass, field

from services.installation import refusals
from services.installation.commands import InstallBegun, LicenceState
from services.installation.domain.hooks import KEPT, wanted
from services.installation.domain.licensed import FRESH, Licensed
from services.installation.events import (
    AppInstalled,
    AppUninstalled,
    AppUpdated,
    AppVersionSeen,
    InstallFailed,
    InstallRequested,
)

Ending = AppInstalled | AppUpdated | InstallFailed


@dataclass
class Installed(Licensed):
    """The part of OnSite that one install after the other changes."""

    generation: int = 0
    """How often the site began anew."""
    attempts: int = 0
    under_way: InstallRequested | None = None
    ended: dict[int, Ending] = field(default_factory=dict)
    """How the last attempts ended."""
    live: AppInstalled | AppUpdated | None = None
    private: bool = False
    """Whether it came by a private link, and so follows private versions too."""
    request: InstallRequested | None = None
    """What led to the version that is or was live: how the app is reached."""

    def require_live(self) -> AppInstalled | AppUpdated:
        """What is installed; raises NotInstalled."""
        if self.live is None:
            raise refusals.NotInstalled(app_key=self.app_key, site_id=self.site_id)
        return self.live

    def require_settled(self) -> None:
        """Raises InstallInProgress."""
        if self.under_way is not None:
            raise refusals.InstallInProgress(app_key=self.app_key, site_id=self.site_id)

    def is_under_way(self, attempt: int) -> bool:
        """Whether that very install still waits for its next step."""
        return self.under_way is not None and self.under_way.attempt == attempt

    def ending(self, attempt: int) -> Ending | None:
        """How an attempt ended, None while it is under way; raises UnknownAttempt."""
        if self.is_under_way(attempt):
            return None
        if attempt not in self.ended:
            raise refusals.UnknownAttempt(
                app_key=self.app_key, site_id=self.site_id, attempt=attempt
            )
        return self.ended[attempt]

    def begin_install(
        self, version: AppVersionSeen, key_id: str, token_id: int | None = None
    ) -> InstallBegun:
        """Begin to install a version on a settled site.

        A live app keeps its shared secret; else one is made with the key of that id.
        """
        private = token_id is not None or version.visibility == "private"
        return self._begin(version, self._secret_by(key_id), token_id, private=private)

    def finish_install(self) -> None:
        """End the install that is under way well: what it brought is live from now on.

        A licence begins with another token, or with the first version that is paid.
        """
        if self.under_way is None:
            return
        other_token = self.brought not in (None, self.token_id)
        if other_token:
            self.clear_token()
        begins = self.under_way.paid and (other_token or not self.paid)
        ends = self.paid and not self.under_way.paid
        fields = self.under_way.model_dump(
            include={"site_id", "app_key", "installation_id", "build", "version"}
        )
        if self.live is None:
            self.record(AppInstalled(**fields))
        else:
            self.record(AppUpdated(from_version=self.live.version, **fields))
        if begins and self.is_licensed_by_token:
            self.change_licence(FRESH)
        elif ends:
            self.change_licence(LicenceState.NONE)

    def fail_install(
        self, code: str, detail: str, status: int | None = None, token_id: int | None = None
    ) -> None:
        """End the install that is under way badly: what is live stays as it is.

        The token that it brought is cleared, and so is one of which that isn't known.
        """
        if self.under_way is None:
            return
        vain = token_id if self.brought is None else self.brought
        self.record(
            InstallFailed(
                site_id=self.site_id,
                app_key=self.app_key,
                installation_id=self.under_way.installation_id,
                code=code,
                detail=detail,
                status=status,
            )
        )
        if vain is not None:
            self.let_go(vain)

    def uninstall(self) -> None:
        """Take the app off the site; its token stays bound to the site. Raises NotInstalled."""
        live = self.require_live()
        self.require_settled()
        self._leave(live)

    def reset(self) -> None:
        """Forget what is installed or under way, because the site begins anew."""
        why = refusals.SiteWasReset(site_id=self.site_id)
        self.fail_install(why.code, why.detail)
        if self.live is not None:
            self._leave(self.live)

    def _begin(
        self, version: AppVersionSeen, secret: str, token_id: int | None, *, private: bool
    ) -> InstallBegun:
        attempt = self.attempts + 1
        new = f"{self.site_id}/{self.app_key}/{attempt}"
        installation_id = new if self.live is None else self.live.installation_id
        self.record(
            InstallRequested(
                site_id=self.site_id,
                app_key=self.app_key,
                installation_id=installation_id,
                attempt=attempt,
                build=version.build,
                version=version.version,
                authentication=version.authentication,
                paid=version.paid,
                private=private,
                token_id=token_id,
                key=str(version.descriptor["key"]),
                base_url=str(version.descriptor["baseUrl"]),
                hooks=wanted(version.descriptor),
                generation=self.generation,
                secret=secret if version.authentication == "jwt" else None,
            )
        )
        return InstallBegun(installation_id=installation_id, app_key=self.app_key, attempt=attempt)

    @property
    def _secret(self) -> str | None:
        """The name of a live app's shared secret."""
        return None if self.live is None or self.request is None else self.request.secret

    def _secret_by(self, key_id: str) -> str:
        """The name of a live app's shared secret, else of one that is made with that key."""
        return self._secret or self._new_secret(key_id)

    def _new_secret(self, key_id: str) -> str:
        return f"{self.attempts + 1}.{key_id}"

    def _leave(self, live: AppInstalled | AppUpdated) -> None:
        self.clear_token()
        self.record(
            AppUninstalled(
                site_id=self.site_id, app_key=self.app_key, installation_id=live.installation_id
            )
        )

    def _keep(self, ending: Ending) -> None:
        if self.under_way is not None:
            ended = {**self.ended, self.under_way.attempt: ending}
            self.ended = dict(list(ended.items())[-KEPT:])
