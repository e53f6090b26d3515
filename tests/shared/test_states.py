"""What differs between two states is told as a patch: done to one, it gives the other."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.installation.commands import LicenceState
from services.installation.domain import Site
from services.installation.events import AppInstalled, InstallRequested
from services.token.domain import AppTokens, Partner
from services.token.events import MembersSeen, TokenCreated
from shared.states import Change, changes, state_of

LEAVES = st.none() | st.booleans() | st.integers() | st.text()
STATES = st.dictionaries(
    st.text() | st.sampled_from("ab"),
    st.recursive(
        LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("ab~/"), inner)
    ),
)


def patched(state: dict[str, Any], change: Change) -> dict[str, Any]:
    """The state after one operation."""
    *way, last = [name.replace("~1", "/").replace("~0", "~") for name in change.path.split("/")[1:]]
    place = state
    for name in way:
        place = place[name]
    if change.op == "add":
        assert last not in place
    else:
        assert json.dumps(place[last]) == json.dumps(change.before)
    if change.op == "remove":
        del place[last]
    else:
        place[last] = change.after
    return state


@given(STATES, STATES)
def test_done_to_one_state_the_changes_give_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    state = deepcopy(before)
    for change in changes(before, after):
        state = patched(state, change)
    assert json.dumps(state, sort_keys=True) == json.dumps(after, sort_keys=True)


def test_a_number_is_another_value_than_yes() -> None:
    assert len(list(changes({"a": 1}, {"a": True}))) == 1


def test_equal_states_differ_in_nothing() -> None:
    assert list(changes({"a": {"b": [1]}}, {"a": {"b": [1]}})) == []


def test_a_state_is_all_that_history_left() -> None:
    tokens = AppTokens("com.example.app")
    time = datetime(2026, 11, 26, tzinfo=UTC)
    tokens.replay(
        TokenCreated(app_key=tokens.key, token_id=1, note=None, maker="ann", created_at=time)
    )
    partner = Partner("acme").replay(MembersSeen(partner_id="acme", members=("bob", "ann")))
    assert state_of(tokens) == {
        "listing": None,
        "builds": {},
        "given": 1,
        "active": {
            "1": {
                "token_id": 1,
                "note": None,
                "maker": "ann",
                "created_at": "2026-11-26T00:00:00.000000Z",
                "site_id": None,
                "applied_at": None,
                "cleared": False,
            }
        },
    }
    assert state_of(partner) == {"members": ["ann", "bob"]}


def test_a_part_of_an_aggregate_is_in_its_state_without_its_functions() -> None:
    place = {"site_id": "s", "app_key": "com.example.app", "installation_id": "s/com.example.app/1"}
    site = Site("s").replay(
        InstallRequested(
            **place,
            attempt=1,
            build=1,
            version="1.0.0",
            authentication="none",
            paid=True,
            private=True,
            token_id=None,
        )
    )
    site.replay(AppInstalled(**place, build=1, version="1.0.0"))
    state: Any = state_of(site)
    app = state["apps"]["com.example.app"]
    assert (app["paid"], app["licence"]) == (True, LicenceState.NONE.value)
    assert "record" not in app


def test_what_is_no_data_is_no_part_of_a_state() -> None:
    partner = Partner("acme")
    partner.members = frozenset({object()})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="object is no part of a state"):
        state_of(partner)
