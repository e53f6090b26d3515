"""How each query of the installation service is answered."""

import uuid

from services.installation import domain, refusals
from services.installation.app_requests import sender
from services.installation.commands import LicenceState
from services.installation.connect import client_key
from services.installation.events import AppInstalled, AppUpdated, AppVersionSeen, InstallFailed
from services.installation.pages import modules, page_url
from services.installation.queries import (
    Addon,
    AddonView,
    App,
    AppDescriptor,
    AppDescriptorView,
    AppProperties,
    AppPropertiesView,
    AppProperty,
    AppPropertyView,
    AppView,
    Deliveries,
    DeliveriesView,
    Delivery,
    InstallAttempt,
    InstallAttemptView,
    InstallKey,
    InstallKeyView,
    LinkedDescriptor,
    LinkedDescriptorView,
    Page,
    PageView,
    Site,
    SiteApps,
    SiteAppsView,
    SiteToken,
    SiteTokens,
    SiteTokensView,
    SiteView,
    TokenLicence,
)
from shared.errors import UnknownSite
from shared.handlers import Context
from shared.install_keys import InstallKeys
from shared.keys import Keys
from shared.names import fold

_ENTITLEMENTS = uuid.UUID("5b0e6f4a-51d5-4d0c-9f0c-1d1f2c3b4a59")
READ_ONLY = "an access token licenses this app; its licence can't be bought or extended"


class Views:
    """One method a query."""

    def __init__(self, keys: Keys, install_keys: InstallKeys) -> None:
        self._keys = keys
        self._install_keys = install_keys

    def site(self, query: Site, site: domain.Site, context: Context) -> SiteView:
        """Admins see the site."""
        del query
        registered = site.require_admin(context.actor)
        return SiteView(
            site_id=site.key,
            base_url=site.base_url,
            product=registered.product,
            cloud_id=registered.cloud_id,
            admins=tuple(sorted(site.admins)),
            private_listings=site.private_listings,
        )

    def site_apps(self, query: SiteApps, site: domain.Site, context: Context) -> SiteAppsView:
        """Admins see all that is installed."""
        del query
        cloud_id = site.require_admin(context.actor).cloud_id
        live = [app_key for app_key, app in sorted(site.apps.items()) if app.live]
        return SiteAppsView(apps=tuple(_view(site.on_site(key), cloud_id, context) for key in live))

    def app(self, query: App, site: domain.Site, context: Context) -> AppView:
        """Admins see the app with its licence."""
        cloud_id = site.require_admin(context.actor).cloud_id
        return _view(site.on_site(fold(query.app_key)), cloud_id, context)

    def app_descriptor(
        self, query: AppDescriptor, site: domain.Site, context: Context
    ) -> AppDescriptorView:
        """Admins see what the app says of itself, in the version that they have."""
        site.require_admin(context.actor)
        app = site.on_site(fold(query.app_key))
        return AppDescriptorView(
            site_id=site.key,
            app_key=app.app_key,
            version=app.require_live().version,
            descriptor=_version(app, context).descriptor,
        )

    def app_properties(
        self, query: AppProperties, properties: domain.Properties, context: Context
    ) -> AppPropertiesView:
        """An app sees what it keeps, by name."""
        live = _keeper(query, context)
        names = tuple(sorted(properties.of(live)))
        return AppPropertiesView(site_id=query.site_id, app_key=live.app_key, names=names)

    def app_property(
        self, query: AppProperty, properties: domain.Properties, context: Context
    ) -> AppPropertyView:
        """An app sees one thing that it keeps."""
        live = _keeper(query, context)
        return AppPropertyView(
            site_id=query.site_id,
            app_key=live.app_key,
            name=query.name,
            value=properties.get(live, query.name),
        )

    def install_attempt(
        self, query: InstallAttempt, site: domain.Site, context: Context
    ) -> InstallAttemptView:
        """Admins see how it goes on, also after the app was uninstalled."""
        site.require_admin(context.actor)
        app = site.on_site(fold(query.app_key))
        ending = app.ending(query.attempt)
        shown = {"site_id": site.key, "app_key": app.app_key, "attempt": query.attempt}
        if not isinstance(ending, InstallFailed):
            return InstallAttemptView(**shown, state="done" if ending else "under-way")
        why = ending.model_dump(include={"code", "detail", "status"})
        return InstallAttemptView(**shown, state="failed", **why)

    def site_tokens(self, query: SiteTokens, site: domain.Site, context: Context) -> SiteTokensView:
        """Admins see the tokens that were applied on their site, made again from their numbers."""
        del query
        site.require_admin(context.actor)
        live = [app for _, app in sorted(site.apps.items()) if app.live]
        return SiteTokensView(
            tokens=tuple(
                self._token(app, app.token_id, context) for app in live if app.token_id is not None
            )
        )

    def deliveries(self, query: Deliveries, site: domain.Site, context: Context) -> DeliveriesView:
        """Admins see what the app was told, also after it was uninstalled."""
        site.require_admin(context.actor)
        app = site.on_site(fold(query.app_key))
        shown = set(Delivery.model_fields)
        return DeliveriesView(
            site_id=site.key,
            app_key=app.app_key,
            deliveries=tuple(
                Delivery(**row.model_dump(include=shown)) for row in app.hooks.answers
            ),
            waiting=tuple(due.hook for due in app.hooks.due),
        )

    def page(self, query: Page, site: domain.Site, context: Context) -> PageView:
        """Admins open a page of an app that is enabled."""
        site.require_admin(context.actor)
        app = site.on_site(fold(query.app_key))
        for module in modules(_version(app, context).descriptor):
            if query.page in (None, module.key):
                break
        else:
            raise refusals.NoPage(app_key=app.app_key, page=query.page or "at all")
        url = page_url(self._keys, site, app, module, actor=context.actor, now=context.now)
        return PageView(site_id=site.key, app_key=app.app_key, page=module.key, url=url)

    def addon(self, query: Addon, site: domain.Site, context: Context) -> AddonView:
        """An app sees itself."""
        if site.registered is None:
            raise UnknownSite(site_id=site.key)
        asking = sender(self._keys, site, query.request, context.now)
        app = site.on_site(fold(query.app_key))
        live = app.require_live()
        if app.app_key != asking.app_key or app.request is None:
            raise refusals.OtherApp(app_key=asking.app_key)
        return AddonView(
            key=app.request.key,
            version=live.version,
            enabled=app.enabled,
            product=site.registered.product,
            base_url=site.base_url,
            licence=_licence(app, live.installation_id),
        )

    def linked_descriptor(
        self, query: LinkedDescriptor, none: domain.Site, context: Context
    ) -> LinkedDescriptorView:
        """Whoever has a link sees where it leads; a private app is known to who has a token."""
        del none
        app = context.read(domain.App, fold(query.app_key))
        version = app.version_at(query.build)
        number = None if query.token is None else self._keys.number(app.key, query.token)
        if version.visibility == "private" and number is None:
            raise refusals.DescriptorNotListed
        return LinkedDescriptorView(descriptor=version.descriptor)

    def install_key(self, query: InstallKey, none: domain.Site, context: Context) -> InstallKeyView:
        """Everybody sees the public keys."""
        del none, context
        pem = self._install_keys.public(query.kid)
        if pem is None:
            raise refusals.UnknownKey(kid=query.kid)
        return InstallKeyView(kid=query.kid, pem=pem.decode())

    def _token(self, app: domain.OnSite, token_id: int, context: Context) -> SiteToken:
        licence = _licence(app, app.require_live().installation_id)
        return SiteToken(
            app_key=app.app_key,
            key=str(_version(app, context).descriptor["key"]),
            token_id=token_id,
            token=self._keys.token(app.app_key, token_id),
            licence=app.licence,
            valid=app.licence.active if app.paid else app.is_licensed_by_token,
            entitlement_number=None if licence is None else licence.entitlement_number,
        )


def _keeper(query: AppProperties | AppProperty, context: Context) -> AppInstalled | AppUpdated:
    site = context.read(domain.Site, query.site_id)
    return site.keeper(fold(query.app_key), context.actor)


def _version(app: domain.OnSite, context: Context) -> AppVersionSeen:
    return context.read(domain.App, app.app_key).versions[app.require_live().build]


def _licence(app: domain.OnSite, installation_id: str) -> TokenLicence | None:
    if app.licence is LicenceState.NONE:
        return None
    entitlement = uuid.uuid5(_ENTITLEMENTS, f"{installation_id}/{app.token_id}")
    return TokenLicence(
        active=app.licence.active,
        evaluation=app.licence.evaluation,
        entitlement_id=str(entitlement),
        entitlement_number=f"SEN-{entitlement.int % 10**9:09}",
    )


def _view(on_site: domain.OnSite, cloud_id: str, context: Context) -> AppView:
    live = on_site.require_live()
    app = context.read(domain.App, on_site.app_key)
    descriptor = app.versions[live.build].descriptor
    return AppView(
        site_id=on_site.site_id,
        app_key=app.key,
        key=str(descriptor["key"]),
        name="" if app.listing is None else app.listing.name,
        description=str(descriptor.get("description", "")),
        installation_id=live.installation_id,
        client_key=client_key(cloud_id, app.key, on_site.generation),
        build=live.build,
        version=live.version,
        enabled=on_site.enabled,
        waits_for_approval=None if on_site.offered is None else on_site.offered.version,
        token_id=on_site.token_id,
        licence=on_site.licence,
        lic=on_site.lic,
        licence_read_only=on_site.token_id is not None,
        licence_read_only_reason=None if on_site.token_id is None else READ_ONLY,
    )
