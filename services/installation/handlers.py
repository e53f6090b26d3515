"""How each command of the installation service is decided."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from services.installation import refusals
from services.installation.commands import (
    AttachToken,
    ClearToken,
    EnablePrivateListings,
    FailInstall,
    FinishInstall,
    InstallApp,
    InstallBegun,
    RegisterSite,
    SetLicenceState,
    SetToken,
)
from services.installation.domain import App, Site
from services.token.commands import ApplyToken
from services.token.refusals import TokenInvalid
from shared.errors import NotAnOperator
from shared.handlers import Context, Need
from shared.keys import Keys
from shared.links import Link
from shared.messages import Accepted
from shared.names import fold

_CLOUD_IDS = uuid.UUID("e5d1f4a2-6d5b-4a43-9d0c-8f1f5b0f7c11")
"""The cloud id of a site follows from the id of the command that registered it."""


@dataclass(frozen=True)
class Apply(Need[Accepted]):
    """The token service has to bind the token to the site first."""

    command: ApplyToken


class Handlers:
    """One method a command."""

    def __init__(self, keys: Keys, public_url: str, operators: Collection[str]) -> None:
        self._keys = keys
        self._public_url = public_url
        self._operators = operators

    def register_site(self, command: RegisterSite, site: Site, context: Context) -> None:
        """An operator registers a site."""
        if context.actor not in self._operators:
            raise NotAnOperator
        site.register(command, cloud_id=str(uuid.uuid5(_CLOUD_IDS, context.request_id)))

    def enable_private_listings(
        self, command: EnablePrivateListings, site: Site, context: Context
    ) -> None:
        """An admin lets the site take private apps."""
        del command
        site.require_admin(context.actor)
        site.enable_private_listings()

    def install_app(self, command: InstallApp, site: Site, context: Context) -> InstallBegun:
        """An admin begins an installation; the token in the link is verified here already."""
        registered = site.require_admin(context.actor)
        try:
            link = Link.read_ours(command.url, self._public_url)
        except ValueError:
            raise refusals.DescriptorNotListed from None
        app = context.read(App, link.app_key)
        version = app.versions.get(link.build)
        if app.listing is None or version is None:
            raise refusals.DescriptorNotListed
        if link.token is not None or version.visibility == "private":
            site.require_private_listings()
        if app.listing.product not in (None, registered.product):
            raise refusals.ProductMismatch(
                app_key=app.key, app_product=app.listing.product, site_product=registered.product
            )
        site.require_settled(app.key)
        token_id = None if link.token is None else self._number(app.key, link.token)
        return InstallBegun(installation_id=site.begin_install(version, token_id))

    def set_token(self, command: SetToken, site: Site, context: Context) -> None:
        """An admin applies a token to an installed app; the token service binds it first."""
        site.require_admin(context.actor)
        app_key = fold(command.app_key)
        site.require_live(app_key)
        site.require_private_listings()
        token_id = self._number(app_key, command.token)
        apply = ApplyToken(app_key=app_key, token=command.token, site_id=site.key)
        context.need(Apply(apply))
        site.attach_token(app_key, token_id, paid=context.read(App, app_key).paid)

    def clear_token(self, command: ClearToken, site: Site, context: Context) -> None:
        """An admin takes the token off an installed app."""
        site.require_admin(context.actor)
        app_key = fold(command.app_key)
        site.require_live(app_key)
        site.clear_token(app_key)

    def set_licence_state(self, command: SetLicenceState, site: Site, context: Context) -> None:
        """An admin switches the licence of a paid app."""
        site.require_admin(context.actor)
        app_key = fold(command.app_key)
        site.require_live(app_key)
        if not context.read(App, app_key).paid:
            raise refusals.AppIsFree(app_key=app_key)
        site.set_licence(app_key, command.state)

    def attach_token(self, command: AttachToken, site: Site, context: Context) -> None:
        """The process goes on with the token that was applied."""
        if site.is_under_way(command.app_key, command.attempt):
            site.attach_token(
                command.app_key,
                command.token_id,
                paid=context.read(App, command.app_key).paid,
                attempt=command.attempt,
            )

    def finish_install(self, command: FinishInstall, site: Site, context: Context) -> None:
        """The process ends well."""
        del context
        if site.is_under_way(command.app_key, command.attempt):
            site.finish_install(command.app_key)

    def fail_install(self, command: FailInstall, site: Site, context: Context) -> None:
        """The process ends badly."""
        del context
        if site.is_under_way(command.app_key, command.attempt):
            site.fail_install(command.app_key, command.code, command.detail)

    def _number(self, app_key: str, token: str) -> int:
        number = self._keys.number(app_key, token)
        if number is None:
            raise TokenInvalid(app_key=app_key)
        return number
