"""The three services in one process on real stores; what is delivered when is in our hands."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from services.history.kinds import KINDS
from services.installation import policies as installation_policies
from services.installation.commands import EnablePrivateListings, RegisterSite
from services.installation.domain import Site, Telling
from services.installation.handlers import Handlers as InstallationHandlers
from services.installation.known_sites import KnownSites
from services.installation.needs import Needs as InstallationNeeds
from services.installation.process import InstallProcess, RollOut
from services.installation.steps import AnswerHook
from services.installation.views import Views as InstallationViews
from services.listing.commands import PublishApp, RegisterPartner
from services.listing.handlers import Handlers as ListingHandlers
from services.listing.needs import FetchDescriptor
from services.listing.views import Views as ListingViews
from services.token import policies as token_policies
from services.token.domain import Rules
from services.token.handlers import Handlers as TokenHandlers
from services.token.views import Views as TokenViews
from shared import clock
from shared.descriptor import Descriptor
from shared.errors import Refusal
from shared.handlers import Prepared, routes
from shared.in_memory import MemoryRecorder
from shared.inbox import Inbox, policies_of
from shared.install_keys import InstallKeys
from shared.keys import Keys
from shared.messages import Answer, Answered, Command, Envelope, Event, Reply
from shared.pipeline import Pipeline
from shared.published import Published
from shared.requests import Asked
from shared.settings import store_file
from shared.sqlite import open_sqlite
from shared.store import Recorder, Store

OPERATOR = "operator"
MARKETPLACE = "https://market.example.com"
_LISTING = 2
"""The lane by which the installation service follows the listing service."""
KEYS = Keys({"k1": bytes(range(32))})


def taken(telling: Telling, **fields: Any) -> AnswerHook:
    """The step after an app was told something."""
    told: dict[str, Any] = {"outcome": "taken", "status": 200, "sent_at": clock.now()}
    return AnswerHook(
        site_id=telling.request.site_id,
        app_key=telling.request.app_key,
        hook=telling.due.hook,
        cause=telling.due.cause,
        url=telling.request.base_url + telling.request.hooks[telling.due.hook],
        milliseconds=1,
        **told | fields,
    )


class World:
    """Commands are decided at once; events wait until they are delivered."""

    def __init__(
        self, folder: Path, rules: Rules | None = None, *, in_memory: bool = False
    ) -> None:
        self.descriptors: dict[str, dict[str, Any]] = {}
        """What is served, by URL."""
        self.told: list[Telling] = []
        """What apps were told."""
        self._asked = 0
        self._folder = folder
        self._rules = rules or Rules()
        self._memories = {name: MemoryRecorder() for name in KINDS} if in_memory else {}
        self._pipelines: dict[str, Pipeline] = {}
        self.start()
        self.lanes = len(self._inboxes) + len(self._steps)
        """How many followers there are, each with the events that it hasn't got yet."""
        self._done = [0] * self.lanes
        self._published: dict[str, list[Published]] = {name: [] for name in self.stores}
        self._read = dict.fromkeys(self.stores, 0)

    async def under_way(self, site_id: str, app_key: str, attempt: int) -> bool:
        """Whether an install hasn't ended."""
        pipeline = self._pipelines["installation"]
        load = pipeline.store.load
        return await pipeline.on_thread(
            lambda: load(Site, site_id).on_site(app_key).is_under_way(attempt)
        )

    async def tellings(self, site_id: str) -> list[Telling]:
        """What the apps on a site are to be told."""
        pipeline = self._pipelines["installation"]
        return await pipeline.on_thread(lambda: pipeline.store.load(Site, site_id).tellings())

    async def tell(self, telling: Telling) -> AnswerHook:
        """Every app takes what it is told."""
        self.told.append(telling)
        return taken(telling)

    def start(self) -> None:
        """Start all services anew on what they have stored."""
        self.close()
        self.stores = {name: Store(name, self._recorder(name)) for name in KINDS}
        self._pipelines = self._decide_by(self._rules)
        self._inboxes = self._follow()
        own = self._pipelines["installation"]
        self._steps = [
            (
                "installation",
                InstallProcess(
                    KEYS, self.ask, own.answer, self.under_way, self.tellings, self.tell
                ).step,
            ),
            ("listing", RollOut(KnownSites(own).of, own.answer).step),
        ]

    def _recorder(self, name: str) -> Recorder:
        if name in self._memories:
            return self._memories[name]
        return open_sqlite(store_file(self._folder, name))

    async def send(self, actor: str, command: Command) -> Reply:
        """Decide a command of an account."""
        self._asked += 1
        id_ = f"command-{self._asked}"
        envelope = Envelope(id=id_, actor=actor, time=clock.now(), correlation_id=id_)
        return await self.ask(command, envelope)

    async def list_app(self, app_key: str) -> None:
        """List a paid app privately, for the partner `example` of ann's."""
        url = f"https://{app_key}/a.json"
        self.descriptors[url] = dict(descriptor(app_key))
        for asked in (
            RegisterPartner(partner_id="example", organisation="Example"),
            PublishApp(
                app_key=app_key,
                partner_id="example",
                descriptor_url=url,
                visibility="private",
                payment_model="paid-via-atlassian",
            ),
        ):
            reply = await self.send("ann", asked)
            assert reply.status == "accepted" or reply.code == "partner-exists", reply
        await self.settle()

    async def make_site(self, site_id: str) -> None:
        """Register a site of ann's that takes private apps."""
        base_url = f"https://{site_id}.example.com"
        asked = RegisterSite(site_id=site_id, base_url=base_url, product="jira", admin="ann")
        assert (await self.send(OPERATOR, asked)).status == "accepted"
        await self.send("ann", EnablePrivateListings(site_id=site_id))

    async def decide(self, asked: Asked) -> Reply | Answer:
        """Decide a step of the installation service's process."""
        return await self._pipelines["installation"].answer(asked)

    async def ask(self, command: Command, envelope: Envelope) -> Reply:
        """Decide a command in its envelope."""
        reply = await self._pipelines[command.SERVICE].answer(Asked(command, envelope))
        assert not isinstance(reply, Answered)
        return reply

    def waiting(self, lane: int) -> list[Published]:
        """The events that a follower may get now, in order."""
        if lane < len(self._inboxes):
            return self.published(self._inboxes[lane].origin)[self._done[lane] :]
        origin, _ = self._steps[lane - len(self._inboxes)]
        known = self._done[_LISTING] if origin == "listing" else None
        return self.published(origin)[self._done[lane] : known]

    async def deliver(self, lane: int) -> bool:
        """Give a follower its next event; False when there is none."""
        events = self.waiting(lane)
        if not events:
            return False
        if lane < len(self._inboxes):
            pipeline = self._pipelines["token" if lane < _LISTING else "installation"]
            handled = await pipeline.on_thread(self._inboxes[lane].handle, events[:1])
            assert handled == [True], handled
        else:
            await self._steps[lane - len(self._inboxes)][1](events[0])
        self._done[lane] += 1
        return True

    def rewind(self, lane: int) -> None:
        """Let a follower get everything again."""
        self._done[lane] = 0

    async def settle(self) -> None:
        """Deliver everything; inboxes go before processes, as those wait for them."""
        while any([await self.deliver(lane) for lane in range(self.lanes)]):
            pass

    def published(self, service: str) -> list[Published]:
        """All events that a service has published."""
        store, events = self.stores[service], self._published[service]
        for row in store.log_after(self._read[service], 1_000_000):
            self._read[service] = row.id
            record = store.mapper.to_domain_event(row)
            assert str(row.originator_id).startswith("copy/") != record.event.PUBLISHED
            if record.event.PUBLISHED:
                events.append(Published.of(record, service, row.id, store.log_id))
        return events

    def history(self, service: str, aggregate: str) -> Iterator[Event]:
        """The events of one aggregate."""
        store = self.stores[service]
        for row in store.recorder.select_events(aggregate):
            yield store.mapper.to_domain_event(row).event

    def close(self) -> None:
        """Let the threads end."""
        for pipeline in self._pipelines.values():
            pipeline.close()

    def leave(self) -> None:
        """End, with all that is stored in the files themselves, so that they can be copied."""
        self.close()
        for service in KINDS:
            with closing(sqlite3.connect(store_file(self._folder, service))) as store:
                store.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _decide_by(self, rules: Rules) -> dict[str, Pipeline]:
        listing = ListingHandlers([OPERATOR]), ListingViews(MARKETPLACE, [OPERATOR])
        token = TokenHandlers(KEYS, MARKETPLACE, rules), TokenViews(KEYS, MARKETPLACE)
        installation = (
            InstallationHandlers(KEYS, MARKETPLACE, [OPERATOR]),
            InstallationViews(KEYS, InstallKeys(self._folder / "install-keys")),
        )
        needs = InstallationNeeds(self.ask)
        return {
            "listing": self._pipeline("listing", listing, prepare=self._fetch),
            "token": self._pipeline("token", token, reveal=KEYS.unmask),
            "installation": self._pipeline("installation", installation, prepare=needs.prepare),
        }

    def _follow(self) -> list[Inbox]:
        token, installation = self._pipelines["token"], self._pipelines["installation"]
        tokens_do = policies_of(token_policies.Policies())
        sites_do = policies_of(installation_policies.Policies())
        return [
            Inbox("listing", tokens_do, token),
            Inbox("installation", tokens_do, token),
            Inbox("listing", sites_do, installation),
            Inbox("token", sites_do, installation),
        ]

    def _pipeline(self, name: str, parts: tuple[object, object], **options: Any) -> Pipeline:
        handlers, views = parts
        return Pipeline(self.stores[name], routes(handlers) | routes(views), **options)

    async def _fetch(self, need: FetchDescriptor, envelope: Envelope) -> Prepared:
        del envelope
        try:
            return Descriptor.read(json.dumps(self.descriptors[need.url]).encode())
        except Refusal as refusal:
            return refusal


def descriptor(app_key: str, **members: Any) -> Mapping[str, Any]:
    """The descriptor of a paid app of type none."""
    return {
        "key": app_key,
        "name": "Roadmap",
        "baseUrl": "https://app.example.com",
        "authentication": {"type": "none"},
        "enableLicensing": True,
    } | members


def assert_replayed(live: Store, path: Path) -> None:
    """Every aggregate, loaded anew, is equal, and is found by its labels and by no others."""
    replayed = Store(live.service, open_sqlite(path, read_only=True))
    labels: set[tuple[str, str]] = set()
    ids = {str(row.originator_id) for row in replayed.log_after(0, 1_000_000)}
    for kind in KINDS[live.service]:
        prefix = kind.id_of("")
        for key in (id_.removeprefix(prefix) for id_ in ids if id_.startswith(prefix)):
            again = replayed.load(kind, key)
            assert again == live.load(kind, key)
            labels |= {(label, kind.id_of(key)) for label in again.labels()}
    with closing(sqlite3.connect(path)) as store:
        assert {*store.execute("SELECT label, aggregate FROM labels")} == labels
