"""The shapes in which the plugin manager tells apps, tasks, tokens and licences."""

from pydantic import JsonValue

from services.gateway.shape import Shape
from services.installation.commands import LicenceState
from services.installation.queries import AppView, SiteToken

PREFIX = "/site/{site_id}/rest/plugins/1.0"
"""Beneath it is what admins' tools ask of a site."""


class Place(Shape):
    """Where it is, as a path."""

    self: str


class Module(Shape):
    """A part of an app."""

    key: str
    complete_key: str
    name: str
    enabled: bool
    optional: bool = True
    recognisable_type: bool = True
    broken: bool = False


class Plugin(Shape):
    """An app on a site; its modules are told where it is alone."""

    key: str
    name: str
    version: str
    description: str
    enabled: bool
    user_installed: bool = True
    links: Place
    modules: list[Module] | None = None

    @classmethod
    def of(cls, app: AppView) -> "Plugin":
        """An app as the admin sees it."""
        return cls(
            key=app.key,
            name=app.name,
            version=app.version,
            description=app.description,
            enabled=app.enabled,
            links=Place(self=f"{base(app.site_id)}/{app.key}-key"),
        )


class Plugins(Shape):
    """All apps on a site."""

    plugins: list[Plugin]


class Status(Shape):
    """How an installation goes on; once it failed, why."""

    done: bool
    status_code: int = 200
    content_type: str = "application/vnd.atl.plugins.install.installing+json"
    sub_code: str | None = None
    error_message: str | None = None


class Task(Shape):
    """An installation that was asked for; who asked looks again after `ping_after` ms."""

    type: str = "INSTALL"
    ping_after: int = 100
    status: Status
    links: Place


class Setting(Shape):
    """Something that is switched on or off on a site."""

    key: str
    value: bool


class Settings(Shape):
    """All of them."""

    settings: list[Setting]


class PluginToken(Shape):
    """The token that an app runs on, and what its licence stands at."""

    links: Place
    plugin_key: str
    token: str
    state: LicenceState
    valid: bool

    @classmethod
    def of(cls, site_id: str, row: SiteToken) -> "PluginToken":
        """A token as the admin sees it."""
        return cls(
            links=Place(self=f"{base(site_id)}/license-tokens/{row.key}-key"),
            plugin_key=row.key,
            token=row.token,
            state=row.licence,
            valid=row.valid,
        )


class PluginTokens(Shape):
    """The tokens of all apps on a site."""

    tokens: list[PluginToken]


class PluginLicense(Shape):
    """The licence of an app; without a token, and for a free app, there is none."""

    plugin_key: str
    valid: bool
    active: bool
    evaluation: bool
    subscription: bool
    auto_renewal: bool
    nearly_expired: bool = False
    license_type: str | None = None
    error: str | None = None
    support_entitlement_number: str | None = None

    @classmethod
    def of(cls, key: str, state: LicenceState, entitlement_number: str | None) -> "PluginLicense":
        """What a state says; a licence that isn't active any more has expired."""
        licensed = state is not LicenceState.NONE
        return cls(
            plugin_key=key,
            valid=state.active,
            active=state.active,
            evaluation=state.evaluation,
            subscription="SUBSCRIPTION" in state.name,
            auto_renewal=state is LicenceState.ACTIVE_SUBSCRIPTION,
            license_type="DEVELOPER" if licensed else None,
            error="EXPIRED" if licensed and not state.active else None,
            support_entitlement_number=entitlement_number,
        )


def base(site_id: str) -> str:
    """The path beneath which everything is told of a site."""
    return PREFIX.format(site_id=site_id)


def modules(key: str, descriptor: dict[str, JsonValue], *, enabled: bool) -> list[Module]:
    """The parts of an app that have a key, in the order of its descriptor."""
    kinds = descriptor.get("modules")
    rows = [
        row
        for kind in (kinds.values() if isinstance(kinds, dict) else ())
        for row in (kind if isinstance(kind, list) else [kind])
        if isinstance(row, dict) and isinstance(row.get("key"), str)
    ]
    return [
        Module(
            key=str(row["key"]),
            complete_key=f"{key}__{row['key']}",
            name=_name(row.get("name")),
            enabled=enabled,
        )
        for row in rows
    ]


def _name(name: JsonValue) -> str:
    told = name.get("value") if isinstance(name, dict) else name
    return told if isinstance(told, str) else ""
