"""The rules by which each service decides."""

from services.installation.handlers import Handlers as InstallationHandlers
from services.listing.handlers import Handlers as ListingHandlers
from services.token.handlers import Handlers as TokenHandlers
from shared.handlers import Route, routes
from shared.keys import Keys
from shared.settings import Settings

_NO_KEYS = Keys({"k0": bytes(32)})


def routes_of(service: str, settings: Settings, keys: Keys | None) -> dict[str, Route]:
    """The handlers of a service as it has them; without keys they know no token."""
    match service:
        case "listing":
            return routes(ListingHandlers.of(settings, keys))
        case "token":
            return routes(TokenHandlers.of(settings, keys or _NO_KEYS))
        case _:
            return routes(InstallationHandlers.of(settings, keys or _NO_KEYS))
