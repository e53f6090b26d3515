"""What the services say now is what their histories say when they are replayed from the first."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from services.contract import SERVICES
from services.installation import queries as installation
from services.installation.domain import Site
from services.installation.views import Views as InstallationViews
from services.listing import queries as listing
from services.listing.domain import Listing, Partner
from services.listing.views import Views as ListingViews
from services.token.domain import AppTokens
from services.token.queries import ListTokens
from services.token.views import Views as TokenViews
from shared import clock
from shared.client import NoReply
from shared.handlers import Route, routes
from shared.install_keys import InstallKeys
from shared.keys import Keys
from shared.messages import Answer, Envelope, Query
from shared.pipeline import Pipeline
from shared.requests import Asked
from shared.settings import Settings
from tests.faults.kept import House, Kept


class Asking(Protocol):
    """Whoever can ask services, such as a client."""

    async def query(self, query: Query, *, actor: str) -> Answer:
        """What the service says now."""
        ...


async def differences(folder: Path, asking: Asking) -> list[str]:
    """Each question that a service answers otherwise than its replayed history."""
    house = {service: Kept.read(folder, service) for service in SERVICES}
    views, found = _views(folder), []
    for service, kept in house.items():
        replayed = Pipeline(kept.store, views[service])
        for actor, query in _QUESTIONS[service](house):
            envelope = Envelope(id="again", actor=actor, time=clock.now(), correlation_id="again")
            try:
                told = await asking.query(query, actor=actor)
            except NoReply as error:
                found.append(f"{query!r} of {actor} isn't answered: {error}")
                continue
            again = await replayed.answer(Asked(query, envelope))
            if told != again or told.status != "ok":
                found.append(f"{query!r} of {actor} is answered {told}, by its history {again}")
        replayed.close()
    return found


def _views(folder: Path) -> Mapping[str, Mapping[str, Route]]:
    settings = Settings(data=folder)
    operators, url = settings.operators, settings.public_url
    keys = Keys.read(settings.keys)
    return {
        "listing": routes(ListingViews(url, operators)),
        "token": routes(TokenViews(keys, url)),
        "installation": routes(InstallationViews(keys, InstallKeys(settings.signing))),
    }


def _of_listing(house: House) -> Iterator[tuple[str, Query]]:
    kept = house["listing"]
    for partner in kept.of(Partner):
        for member in sorted(partner.members):
            yield member, listing.Partner(partner_id=partner.key)
            yield member, listing.PartnerListings(partner_id=partner.key)
    for app in kept.of(Listing):
        yield _member(house, app), listing.Listing(app_key=app.key)


def _of_token(house: House) -> Iterator[tuple[str, Query]]:
    listings = {app.key: app for app in house["listing"].of(Listing)}
    for tokens in house["token"].of(AppTokens):
        yield _member(house, listings[tokens.key]), ListTokens(app_key=tokens.key)


def _of_installation(house: House) -> Iterator[tuple[str, Query]]:
    for site in house["installation"].of(Site):
        for admin in sorted(site.admins):
            yield admin, installation.Site(site_id=site.key)
            yield admin, installation.SiteApps(site_id=site.key)


def _member(house: House, app: Listing) -> str:
    assert app.created is not None
    return min(house["listing"].store.load(Partner, app.created.partner_id).members)


_QUESTIONS = {"listing": _of_listing, "token": _of_token, "installation": _of_installation}
