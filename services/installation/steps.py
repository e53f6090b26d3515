"""The steps that the service's own processes ask of it; nobody else can."""

from services.installation.commands import Hook, HookOutcome
from shared.messages import Command
from shared.names import AppKey, SiteId, Timestamp


class UpdateApp(Command, service="installation", key="site_id", internal=True):
    """Step of the roll-out: there may be a newer version."""

    site_id: SiteId
    app_key: AppKey


class AttachToken(Command, service="installation", key="site_id", internal=True):
    """Step of the install process: the token service applied the token."""

    site_id: SiteId
    app_key: AppKey
    attempt: int
    token_id: int


class FinishInstall(Command, service="installation", key="site_id", internal=True):
    """Step of the install process: nothing is left to do."""

    site_id: SiteId
    app_key: AppKey
    attempt: int


class FailInstall(Command, service="installation", key="site_id", internal=True):
    """Step of the install process: it can't go on."""

    site_id: SiteId
    app_key: AppKey
    attempt: int
    code: str
    detail: str
    token_id: int | None = None
    """A token of which it isn't known whether it was applied."""


class AnswerHook(Command, service="installation", key="site_id", internal=True):
    """Step of the install process: an app was told something."""

    site_id: SiteId
    app_key: AppKey
    hook: Hook
    cause: int
    """The version of the site by which the hook was due."""
    url: str
    sent_at: Timestamp
    milliseconds: int
    outcome: HookOutcome
    status: int | None = None
    """None when no answer came."""
    head: str = ""
    """How the answer began, or why there was none."""
