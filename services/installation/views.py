"""How each query of the installation service is answered."""

from services.installation import domain
from services.installation.queries import App, AppView
from shared.handlers import Context
from shared.names import fold

READ_ONLY = "an access token licenses this app; its licence can't be bought or extended"


class Views:
    """One method a query."""

    def app(self, query: App, site: domain.Site, context: Context) -> AppView:
        """Admins see the app with its licence."""
        site.require_admin(context.actor)
        app = context.read(domain.App, fold(query.app_key))
        live = site.require_live(app.key)
        on_site = site.on_site(app.key)
        return AppView(
            site_id=site.key,
            app_key=app.key,
            name="" if app.listing is None else app.listing.name,
            installation_id=live.installation_id,
            build=live.build,
            version=live.version,
            token_id=on_site.token_id,
            licence=on_site.licence,
            lic=("active" if on_site.licence.active else "none") if app.paid else None,
            licence_read_only=on_site.token_id is not None,
            licence_read_only_reason=None if on_site.token_id is None else READ_ONLY,
        )
