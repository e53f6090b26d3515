"""Events of other services that arrive together have their effects in one commit."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.listing.events import MemberAdded, PartnerRegistered
from services.token.domain import Partner
from services.token.policies import Policies
from shared.inbox import Inbox, Load, policies_of
from shared.messages import Event, Meta
from shared.names import Advance
from shared.pipeline import Pipeline
from shared.published import Published
from shared.records import Record
from shared.sqlite import open_sqlite
from shared.store import Draft, Store

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
META = Meta(actor="ann", command_id="c", correlation_id="f", causation_id="c", time=NOW)


class Broken(Policies):
    """Policies that break for one partner, after the effect."""

    def partner_registered(self, event: PartnerRegistered, load: Load) -> None:
        """Break."""
        super().partner_registered(event, load)
        if event.partner_id == "broken":
            raise RuntimeError("broken")


class Counted(Store):
    """A store that counts its commits; another writer may be first once."""

    commits = 0
    rival: Advance | None = None

    def commit(self, draft: Draft, **given: Any) -> None:
        """Count, and let the rival go first."""
        self.commits += 1
        if self.rival is not None:
            step, self.rival = self.rival, None
            super().commit(Draft(), seen=[step])
        super().commit(draft, **given)


@pytest.fixture
def store(tmp_path: Path) -> Counted:
    """The store of a token service."""
    return Counted("token", open_sqlite(tmp_path / "token.sqlite"))


def inbox(store: Store, policies: Policies) -> Inbox:
    """The inbox for the listing service's events."""
    return Inbox("listing", policies_of(policies), Pipeline(store, {}))


def registered(partner_id: str) -> Published:
    """A partner was registered by ann."""
    return told(PartnerRegistered(partner_id=partner_id, organisation=partner_id, member="ann"), 1)


def added(partner_id: str, account: str, version: int) -> Published:
    """A member was let in."""
    return told(MemberAdded(partner_id=partner_id, account=account), version)


def told(event: Event, version: int) -> Published:
    """An event of the listing service."""
    record = Record(f"partner/{getattr(event, 'partner_id')}", version, event, META, "")  # noqa: B009
    return Published.of(record, "listing", version, "log")


def members(store: Store, partner_id: str) -> set[str]:
    """Who is known as a member, by a history without gaps."""
    rows = store.recorder.select_events(f"copy/partner/{partner_id}")
    assert [row.originator_version for row in rows] == list(range(1, len(rows) + 1))
    return set(Store("token", store.recorder).load(Partner, partner_id).members)


def seen(store: Store, *partners: str) -> list[int]:
    """How far the partners were seen."""
    known = store.seen("listing", [f"partner/{name}" for name in partners])
    return [known.get(f"partner/{name}", 0) for name in partners]


def test_what_arrives_together_is_stored_in_one_commit(store: Counted) -> None:
    arrived = [
        registered("p"),
        registered("q"),
        added("p", "bob", 2),
        registered("p"),
        added("q", "eve", 4),
        added("p", "eve", 3),
    ]
    handled = inbox(store, Policies()).handle(arrived)
    assert handled == [True, True, True, True, False, True]
    assert store.commits == 1
    assert members(store, "p") == {"ann", "bob", "eve"}
    assert seen(store, "p", "q") == [3, 1]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_event_that_can_not_be_handled_harms_no_other(store: Counted, place: int) -> None:
    arrived = [registered("p"), registered("q")]
    arrived.insert(place, registered("broken"))
    handled = inbox(store, Broken()).handle(arrived)
    assert isinstance(handled.pop(place), RuntimeError)
    assert handled == [True, True]
    assert (members(store, "p"), members(store, "broken")) == ({"ann"}, set())
    assert seen(store, "p", "q", "broken") == [1, 1, 0]
    assert inbox(store, Policies()).handle([registered("broken")]) == [True]
    assert members(store, "broken") == {"ann"}


def test_what_is_no_event_harms_no_other(store: Counted) -> None:
    error = ValueError("no event")
    assert inbox(store, Policies()).handle([registered("p"), error]) == [True, error]
    assert members(store, "p") == {"ann"}


def test_what_another_instance_handled_meanwhile_has_no_second_effect(store: Counted) -> None:
    store.rival = Advance("listing", "partner/p", 0, 1)
    handled = inbox(store, Policies()).handle([registered("p"), registered("q")])
    assert handled == [True, True]
    assert (members(store, "p"), members(store, "q")) == (set(), {"ann"})
    assert store.recorder.select_events("copy/partner/p") == []
