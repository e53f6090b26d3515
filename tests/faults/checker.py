"""What has to hold in a house in which things went wrong; each violation is told in a sentence."""

import json
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from services.contract import SERVICES
from services.history.progress import Progress
from services.history.verifying.house import verify
from services.history.verifying.stream import compare
from services.installation import policies as installation_policies
from services.installation.commands import LicenceState
from services.installation.domain import App, Site
from services.installation.events import TokenRemovalSeen
from services.token import policies as token_policies
from services.token.domain import LIMIT, AppTokens, Partner
from services.token.events import TokenApplied, TokenCreated, TokenRemoved
from shared.client import Client
from shared.inbox import Inbox, policies_of
from shared.messages import Accepted
from shared.pipeline import Pipeline
from shared.published import Published
from shared.sqlite import open_sqlite
from shared.store import Store
from tests.faults import live, orders
from tests.faults.history import History
from tests.faults.kept import House, Kept

FOLLOWED = {"token": ("listing", "installation"), "installation": ("listing", "token")}


async def violations(folder: Path, client: Client, history: History) -> list[str]:
    """All that doesn't hold, at most ten of each kind."""
    house = {service: Kept.read(folder, service) for service in SERVICES}
    found: list[str] = [f"another answer: {row}" for row in history.different[:10]]
    for check in CHECKS:
        found += islice(check(house, history), 10)
    found += islice(_looked(house), 10)
    found += islice(await _streamed(house, client), 10)
    found += islice(await live.differences(folder, client), 10)
    return found


def _looked(house: House) -> Iterator[str]:
    """What the stores tell by themselves."""
    stores = {service: kept.store for service, kept in house.items()}
    for finding in verify(stores, Progress()):
        if not finding.well:
            yield f"{finding.where}: {finding.detail}"


async def _streamed(house: House, client: Client) -> Iterator[str]:
    """The stream has what the stores have: once, in order, the same."""
    stores = {service: kept.store for service, kept in house.items()}
    compared = await compare(stores, client.events(follow=False))
    told = [f"{flaw.where}: {flaw.detail}" for row in compared for flaw in row.flaws]
    waits = [f"the stream lacks {row.waiting} of {row.service}" for row in compared if row.waiting]
    return iter(told + waits)


def _answered(house: House, history: History) -> Iterator[str]:
    """Whatever was answered is stored, under that command, at the place that was told."""
    for operation in history.operations:
        if not isinstance(operation.reply, Accepted):
            continue
        known = house[operation.command.SERVICE].positions
        for event in operation.reply.events:
            record = known.get(event.id)
            if record is None or type(record.event).__name__ != event.type:
                yield f"{operation.id} was answered with {event.id}, which isn't stored"
            elif record.meta.command_id != operation.id:
                yield f"{event.id} was answered to {operation.id}, but is of another command"


def _decided_once(house: House, history: History) -> Iterator[str]:
    """Each command has at most one effect, that of its row in the command log."""
    for service, kept in house.items():
        effects: dict[str, list[str]] = {}
        for record in kept.records:
            if record.meta.command_id is not None:
                place = str(record.position(service))
                effects.setdefault(record.meta.command_id, []).append(place)
        rows = {
            str(id_): json.loads(str(outcome))
            for id_, outcome in kept.select("SELECT command_id, outcome FROM command_log")
        }
        for id_, places in effects.items():
            told = [event["id"] for event in rows.get(id_, {}).get("events", [])]
            if sorted(places) != sorted(told):
                yield f"{id_} had the effects {places}, its row tells {told}"
        asked = {row.id for row in history.operations if service == row.command.SERVICE}
        yield from (f"{id_} was answered, but has no row" for id_ in sorted(asked - rows.keys()))


def _tokens(house: House, history: History) -> Iterator[str]:
    """Never more than 50 active tokens; no number twice; a token has one site for ever."""
    del history
    active: dict[str, set[int]] = {}
    created: dict[str, int] = {}
    bound: dict[tuple[str, int], str] = {}
    for record in house["token"].records:
        match record.event:
            case TokenCreated(app_key=app, token_id=number):
                if number != created.setdefault(app, 0) + 1:
                    yield f"{app} has token {number} after {created[app]}"
                created[app] = number
                active.setdefault(app, set()).add(number)
                if len(active[app]) > LIMIT:
                    yield f"{app} has {len(active[app])} tokens at {record.originator_version}"
            case TokenRemoved(app_key=app, token_id=number):
                active[app].discard(number)
            case TokenApplied(app_key=app, token_id=number, site_id=site):
                if bound.setdefault((app, number), site) != site:
                    yield f"token {number} of {app} is bound to {bound[app, number]} and {site}"


def _licences(house: House, history: History) -> Iterator[str]:
    """Only a token licenses, and a removed one nothing."""
    del history
    active = {tokens.key: tokens.active for tokens in house["token"].of(AppTokens)}
    for site in house["installation"].of(Site):
        for key, app in site.apps.items():
            if app.token_id not in active[key] and app.licence is not LicenceState.NONE:
                yield f"{key} on {site.key} is licensed by no token, or by one that was removed"
            if app.live is not None and app.token_id is not None:
                holder = active[key].get(app.token_id)
                if holder is not None and holder.site_id != site.key:
                    yield f"{key} on {site.key} uses a token of {holder.site_id}"


def _handled(house: House, history: History) -> Iterator[str]:
    """Each event of another service was handled: none was passed over."""
    del history
    for service, origins in FOLLOWED.items():
        seen = {
            (str(origin), str(aggregate)): version
            for origin, aggregate, version in house[service].select("SELECT * FROM tracking")
        }
        for origin in origins:
            last = {
                row.position.aggregate: row.position.version for row in house[origin].published()
            }
            for aggregate, version in last.items():
                known = seen.get((origin, aggregate))
                if known != version:
                    yield f"{service} knows {origin}/{aggregate} up to {known}, not {version}"


def _removals(house: House, history: History) -> Iterator[str]:
    """The site of a removed token knows that it was removed."""
    del history
    causes = {
        record.meta.causation_id
        for record in house["installation"].records
        if isinstance(record.event, TokenRemovalSeen)
    }
    for place, record in house["token"].positions.items():
        event = record.event
        if isinstance(event, TokenRemoved) and event.site_id is not None and place not in causes:
            yield f"{event.site_id} doesn't know of {place}"


def _copies(house: House, history: History) -> Iterator[str]:
    """What a service copied is what follows from the origin's events."""
    del history
    listed = house["listing"].published()
    with tempfile.TemporaryDirectory() as folder:
        token = _follow(Path(folder), "token", token_policies.Policies(), listed)
        sites = _follow(Path(folder), "installation", installation_policies.Policies(), listed)
        for kind, kept, fresh in (
            (Partner, house["token"], token),
            (App, house["installation"], sites),
        ):
            for live in kept.of(kind):
                if live != fresh.load(kind, live.key):
                    yield f"{live.id} of {kept.store.service} isn't what follows from the listing"
        for live in house["token"].of(AppTokens):
            again = fresh_tokens = token.load(AppTokens, live.key)
            known = (live.listing, live.builds)
            if known != (again.listing, fresh_tokens.builds):
                yield f"{live.id} isn't what follows from the listing"


def _follow(folder: Path, service: str, policies: object, events: list[Published]) -> Store:
    """A service that only ever got these events."""
    store = Store(service, open_sqlite(folder / f"{service}.sqlite"))
    pipeline = Pipeline(store, {})
    inbox = Inbox("listing", policies_of(policies), pipeline)
    for start in range(0, len(events), 200):
        inbox.handle(events[start : start + 200])
    pipeline.close()
    return store


CHECKS: list[Callable[[House, History], Iterator[str]]] = [
    _answered,
    _decided_once,
    _tokens,
    _licences,
    _handled,
    _removals,
    _copies,
    orders.witnessed,
    orders.one_after_the_other,
]
