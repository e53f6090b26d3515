"""Whatever is asked, twice, by services that die and start anew: all is as a small model says."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from eventsourcing.persistence import OperationalError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.history.kinds import KINDS
from services.installation.commands import InstallApp
from services.installation.domain import Site
from services.token.commands import ApplyToken, CreateToken, RemoveToken
from services.token.domain import AppTokens, Rules
from shared import clock
from shared.links import Link
from shared.messages import Accepted, Command, Envelope, Failed, Refused, Reply
from shared.store import Store
from tests.world import KEYS, MARKETPLACE, World

APP, ANN, LIMIT = "com.example.model", "ann", 3
SITES = ("site-a", "site-b")
T = TypeVar("T")
numbers, sites = st.integers(1, 6), st.sampled_from(SITES)
when = st.sampled_from(["before", "after"])
settings.register_profile(
    "model",
    deadline=None,
    max_examples=40,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow],
)


class Model:
    """The tokens of one app: how many were given, and where the active ones are bound."""

    def __init__(self) -> None:
        self.given = 0
        self.active: dict[int, str | None] = {}

    def create(self) -> str:
        """Make a token."""
        if len(self.active) == LIMIT:
            return "token-limit-reached"
        self.given += 1
        self.active[self.given] = None
        return f"token {self.given}"

    def remove(self, number: int) -> str:
        """Remove one, again without effect."""
        if number > self.given:
            return "unknown-token"
        self.active.pop(number, None)
        return "accepted"

    def apply(self, number: int, site: str) -> str:
        """Bind one."""
        if number > self.given:
            return "token-invalid"
        if number not in self.active:
            return "token-removed"
        if self.active[number] not in (None, site):
            return "token-bound-to-other-site"
        self.active[number] = site
        return "accepted"


class OnSQLite(RuleBasedStateMachine):
    """The services and the model, side by side."""

    in_memory = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name), Rules(limit=LIMIT), in_memory=self.in_memory)
        self.runner = asyncio.Runner()
        self.model = Model()
        self.asked: list[tuple[Command, Envelope, str]] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the world."""
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        """An app is listed, and sites take private apps."""
        self.run(self.world.list_app(APP))
        for site in SITES:
            self.run(self.world.make_site(site))
        self.run(self.world.settle())

    def ask(self, command: Command, expected: str, *, dies: str | None = None) -> None:
        """Ask, once more if the service died of it; the answer is that of the model."""
        id_ = f"model-{len(self.asked)}"
        envelope = Envelope(id=id_, actor=ANN, time=clock.now(), correlation_id=id_)
        if dies is not None:
            self.die_at_commit(dies)
            reply = self.run(self.world.ask(command, envelope))
            assert isinstance(reply, Failed), reply
            self.world.start()
        assert told(self.run(self.world.ask(command, envelope))) == expected
        self.asked.append((command, envelope, expected))

    def die_at_commit(self, dies: str) -> None:
        """The next commit of the token service ends in an error, before it is done or after."""
        recorder: Any = self.world.stores["token"].recorder
        insert = recorder.insert_events

        def broken(*args: Any, **given: Any) -> Any:
            recorder.insert_events = insert
            if dies == "after":
                insert(*args, **given)
            raise OperationalError("the connection was cut")

        recorder.insert_events = broken

    @rule(dies=st.none() | when)
    def create(self, dies: str | None) -> None:
        """A token is made."""
        self.ask(CreateToken(app_key=APP), self.model.create(), dies=dies)

    @rule(number=numbers, dies=st.none() | when)
    def remove(self, number: int, dies: str | None) -> None:
        """A token is removed."""
        expected = self.model.remove(number)
        self.ask(RemoveToken(app_key=APP, token_id=number), expected, dies=dies)

    @rule(number=numbers, site=sites, dies=st.none() | when)
    def apply(self, number: int, site: str, dies: str | None) -> None:
        """A token is applied."""
        command = ApplyToken(app_key=APP, token=KEYS.token(APP, number), site_id=site)
        self.ask(command, self.model.apply(number, site), dies=dies)

    @rule(number=numbers, site=sites)
    def install(self, number: int, site: str) -> None:
        """A site installs with a token, unless it is in the middle of an install."""
        if self.world.stores["installation"].load(Site, site).on_site(APP).under_way is not None:
            return
        url = Link(APP, 1, KEYS.token(APP, number)).url(MARKETPLACE)
        assert told(self.run(self.world.send(ANN, InstallApp(site_id=site, url=url)))) == "accepted"
        self.run(self.world.settle())
        self.model.apply(number, site)

    @rule(place=st.integers(0, 100))
    def repeat(self, place: int) -> None:
        """Something is asked again: the answer is the same, the effect is none."""
        if self.asked:
            command, envelope, expected = self.asked[place % len(self.asked)]
            reply = self.run(self.world.ask(command, envelope))
            assert told(reply) == expected
            assert getattr(reply, "repeated", False)

    @rule(lane=st.integers(0, 5))
    def deliver_again(self, lane: int) -> None:
        """Everything that a follower had comes once more."""
        self.run(self.world.settle())
        self.world.rewind(lane)
        self.run(self.world.settle())

    @rule()
    def restart(self) -> None:
        """All services start anew."""
        self.world.start()

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        """Replayed from the first event."""
        recorder = self.world.stores["token"].recorder
        tokens = Store("token", recorder).load(AppTokens, APP)
        assert tokens.given == self.model.given
        assert {id_: row.site_id for id_, row in tokens.active.items()} == self.model.active

    def teardown(self) -> None:
        """Once all has arrived, live and replayed are equal and no removed token licenses."""
        try:
            self.run(self.world.settle())
            for name, store in self.world.stores.items():
                replayed = Store(name, store.recorder)
                effects: Counter[tuple[str, str, str]] = Counter()
                for row in store.log_after(0, 100_000):
                    record = store.mapper.to_domain_event(row)
                    if record.meta.command_id is None:
                        told = record.event.model_dump_json()
                        effects[record.meta.causation_id, record.originator_id, told] += 1
                    kind, _, key = str(row.originator_id).rpartition("/")
                    kinds = {known.KIND: known for known in KINDS[name]}
                    assert store.load(kinds[kind], key) == replayed.load(kinds[kind], key)
                assert set(effects.values()) <= {1}, "an event had its effect twice"
            for site in SITES:
                app = self.world.stores["installation"].load(Site, site).on_site(APP)
                assert app.token_id in self.model.active or app.licence.value == "NONE"
        finally:
            self.runner.close()
            self.world.close()
            self.folder.cleanup()


class InMemory(OnSQLite):
    """The same on a store in memory."""

    in_memory = True


def told(reply: Reply) -> str:
    """An answer in the words of the model."""
    match reply:
        case Accepted(result={"token_id": number, "links": _}):
            return f"token {number}"
        case Accepted():
            return "accepted"
        case Refused():
            return reply.code
    raise AssertionError(reply)


test_on_sqlite = OnSQLite.TestCase
test_on_sqlite.settings = settings.get_profile("model")
test_in_memory = InMemory.TestCase
test_in_memory.settings = settings.get_profile("model")
