"""How each command of the installation service is decided."""

import uuid
from collections.abc import Collection
from typing import Self

from services.installation import refusals
from services.installation.commands import (
    AddAdmin,
    ApproveUpdate,
    ClearToken,
    DeleteAppProperty,
    DisableApp,
    DisablePrivateListings,
    EnableApp,
    EnablePrivateListings,
    GeneratedToken,
    GenerateToken,
    InstallApp,
    InstallBegun,
    PropertySet,
    RegisterSite,
    RemoveAdmin,
    RenameSite,
    ResetSite,
    RotateSecret,
    SendHook,
    SetAppProperty,
    SetLicenceState,
    SetToken,
    UninstallApp,
)
from services.installation.domain import App, OnSite, Properties, Site
from services.installation.events import AppInstalled, AppUpdated, AppVersionSeen
from services.installation.needs import Apply, Generate
from services.installation.steps import (
    AnswerHook,
    AttachToken,
    FailInstall,
    FinishInstall,
    UpdateApp,
)
from services.token.commands import ApplyToken, CreateToken
from services.token.refusals import TokenInvalid
from shared.errors import NotAnOperator
from shared.handlers import Context
from shared.keys import Keys
from shared.links import Link
from shared.names import fold
from shared.settings import Settings

_CLOUD_IDS = uuid.UUID("e5d1f4a2-6d5b-4a43-9d0c-8f1f5b0f7c11")
"""The cloud id of a site follows from the id of the command that registered it."""


class Handlers:
    """One method a command."""

    def __init__(self, keys: Keys, public_url: str, operators: Collection[str]) -> None:
        self._keys = keys
        self._public_url = public_url
        self._operators = operators

    @classmethod
    def of(cls, settings: Settings, keys: Keys) -> Self:
        """As the service has them."""
        return cls(keys, settings.public_url, settings.operators)

    def register_site(self, command: RegisterSite, site: Site, context: Context) -> None:
        """An operator registers a site."""
        if context.actor not in self._operators:
            raise NotAnOperator
        site.register(command, cloud_id=str(uuid.uuid5(_CLOUD_IDS, context.request_id)))

    def rename_site(self, command: RenameSite, site: Site, context: Context) -> None:
        """An admin tells the site's new URL."""
        site.require_admin(context.actor)
        site.rename(command.base_url)

    def reset_site(self, command: ResetSite, site: Site, context: Context) -> None:
        """An admin begins anew."""
        del command
        site.require_admin(context.actor)
        site.reset()

    def add_admin(self, command: AddAdmin, site: Site, context: Context) -> None:
        """An admin lets another account in."""
        site.require_admin(context.actor)
        site.add(command)

    def remove_admin(self, command: RemoveAdmin, site: Site, context: Context) -> None:
        """An admin lets an account go, the own one too."""
        site.require_admin(context.actor)
        site.remove(command)

    def enable_private_listings(
        self, command: EnablePrivateListings, site: Site, context: Context
    ) -> None:
        """An admin lets the site take private apps."""
        del command
        site.require_admin(context.actor)
        site.enable_private_listings()

    def disable_private_listings(
        self, command: DisablePrivateListings, site: Site, context: Context
    ) -> None:
        """An admin lets the site take no more private apps."""
        del command
        site.require_admin(context.actor)
        site.disable_private_listings()

    def install_app(self, command: InstallApp, site: Site, context: Context) -> InstallBegun:
        """An admin begins an installation; the token in the link is verified here already."""
        registered = site.require_admin(context.actor)
        app, version, token = self._found(command.url, context)
        if token is not None or version.visibility == "private":
            site.require_private_listings()
        product = None if app.listing is None else app.listing.product
        if product not in (None, registered.product):
            raise refusals.ProductMismatch(
                app_key=app.key, app_product=product, site_product=registered.product
            )
        on_site = site.on_site(app.key)
        on_site.require_settled()
        token_id = None if token is None else self._number(app.key, token)
        return on_site.begin_install(version, self._keys.current, token_id)

    def set_token(self, command: SetToken, site: Site, context: Context) -> None:
        """An admin applies a token to an installed app; the token service binds it first."""
        app = _installed(site, command.app_key, context)
        site.require_private_listings()
        if command.state is not None:
            app.require_paid()
        token_id = self._number(app.app_key, command.token)
        apply = ApplyToken(app_key=app.app_key, token=command.token, site_id=site.key)
        context.need(Apply(apply))
        app.attach_token(token_id)
        if command.state is not None:
            app.set_licence(command.state)

    def generate_token(
        self, command: GenerateToken, site: Site, context: Context
    ) -> GeneratedToken:
        """An admin who is a member too makes a token and applies it."""
        app = _installed(site, command.app_key, context)
        site.require_private_listings()
        note = f"made on {site.key}"
        applied = context.need(Generate(CreateToken(app_key=app.app_key, note=note), site.key))
        app.attach_token(applied.token_id)
        return GeneratedToken(token_id=applied.token_id)

    def clear_token(self, command: ClearToken, site: Site, context: Context) -> None:
        """An admin takes the token off an installed app."""
        _installed(site, command.app_key, context).clear_token()

    def set_licence_state(self, command: SetLicenceState, site: Site, context: Context) -> None:
        """An admin switches the licence of a paid app."""
        _installed(site, command.app_key, context).set_licence(command.state)

    def enable_app(self, command: EnableApp, site: Site, context: Context) -> None:
        """An admin lets a disabled app be used again."""
        _installed(site, command.app_key, context).enable()

    def disable_app(self, command: DisableApp, site: Site, context: Context) -> None:
        """An admin keeps an app from being used, whatever became of its token."""
        _installed(site, command.app_key, context).disable()

    def approve_update(self, command: ApproveUpdate, site: Site, context: Context) -> InstallBegun:
        """An admin takes a version that asks for more."""
        on_site = _installed(site, command.app_key, context)
        app = context.read(App, on_site.app_key)
        return on_site.approve_update(command.version, app, self._keys.current)

    def uninstall_app(self, command: UninstallApp, site: Site, context: Context) -> None:
        """An admin takes an app off the site."""
        _installed(site, command.app_key, context).uninstall()

    def rotate_secret(self, command: RotateSecret, site: Site, context: Context) -> InstallBegun:
        """An admin gives an app another shared secret."""
        on_site = _installed(site, command.app_key, context)
        app = context.read(App, on_site.app_key)
        return on_site.rotate_secret(app, self._keys.current)

    def set_app_property(
        self, command: SetAppProperty, properties: Properties, context: Context
    ) -> PropertySet:
        """An app keeps something on a site."""
        live = _keeper(command, context)
        return properties.set(live, command.name, command.value)

    def delete_app_property(
        self, command: DeleteAppProperty, properties: Properties, context: Context
    ) -> None:
        """An app keeps something no longer."""
        properties.delete(_keeper(command, context), command.name)

    def send_hook(self, command: SendHook, site: Site, context: Context) -> None:
        """An admin lets an app be told once more where it stands."""
        site.require_admin(context.actor)
        site.on_site(fold(command.app_key)).send_hook(command.hook)

    def update_app(self, command: UpdateApp, site: Site, context: Context) -> None:
        """The roll-out brings the newest version, if the site follows it."""
        app = context.read(App, command.app_key)
        site.on_site(command.app_key).update(app, self._keys.current)

    def attach_token(self, command: AttachToken, site: Site, context: Context) -> None:
        """The process goes on with the token that was applied; if it has ended, without it."""
        del context
        app = site.on_site(command.app_key)
        if app.is_under_way(command.attempt):
            app.bring_token(command.token_id, command.attempt)
        else:
            app.let_go(command.token_id)

    def finish_install(self, command: FinishInstall, site: Site, context: Context) -> None:
        """The process ends well."""
        del context
        app = site.on_site(command.app_key)
        if app.is_under_way(command.attempt):
            app.finish_install()

    def answer_hook(self, command: AnswerHook, site: Site, context: Context) -> None:
        """The process told an app something."""
        del context
        site.on_site(command.app_key).answer_hook(command)

    def fail_install(self, command: FailInstall, site: Site, context: Context) -> None:
        """The process ends badly."""
        del context
        app = site.on_site(command.app_key)
        if app.is_under_way(command.attempt):
            app.fail_install(command.code, command.detail, token_id=command.token_id)
        elif command.token_id is not None:
            app.let_go(command.token_id)

    def _found(self, url: str, context: Context) -> tuple[App, AppVersionSeen, str | None]:
        """The app, the version and the token that a URL leads to; raises DescriptorNotListed."""
        try:
            link = Link.read_ours(url, self._public_url)
        except ValueError:
            return *_described_at(url, context), None
        app = context.read(App, link.app_key)
        return app, app.version_at(link.build), link.token

    def _number(self, app_key: str, token: str) -> int:
        number = self._keys.number(app_key, token)
        if number is None:
            raise TokenInvalid(app_key=app_key)
        return number


def _installed(site: Site, app_key: str, context: Context) -> OnSite:
    """An installed app for the site's admin; raises UnknownSite, NotAnAdmin, NotInstalled."""
    site.require_admin(context.actor)
    app = site.on_site(fold(app_key))
    app.require_live()
    return app


def _keeper(
    command: SetAppProperty | DeleteAppProperty, context: Context
) -> AppInstalled | AppUpdated:
    site = context.read(Site, command.site_id)
    return site.keeper(fold(command.app_key), context.actor)


def _described_at(url: str, context: Context) -> tuple[App, AppVersionSeen]:
    """The app whose own descriptor is there, in the newest version that a site may get."""
    for app in context.labelled(App, f"url:{url}"):
        version = app.newest(private=app.is_private)
        if version is not None:
            return app, version
    raise refusals.DescriptorNotListed
