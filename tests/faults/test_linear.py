"""The search for an order finds one where there is one, and ends soon where there is none."""

from collections.abc import Iterator

import pytest

from services.token.commands import CreateToken, RemoveToken
from services.token.domain import LIMIT
from shared.messages import Accepted, Command, Refused
from tests.faults import linear
from tests.faults.history import Operation
from tests.faults.linear import is_linearizable

APP = "com.example.app"
CREATE = CreateToken(app_key=APP)
_REPLY = {"command_id": "any", "position": f"token/app/{APP}@1"}


def given(token_id: int, called: float, returned: float) -> Operation:
    result = {"token_id": token_id}
    return _operation(CREATE, called, returned, Accepted(**_REPLY, result=result))


def removed(token_id: int, called: float, returned: float) -> Operation:
    command = RemoveToken(app_key=APP, token_id=token_id)
    return _operation(command, called, returned, Accepted(**_REPLY))


def no_room(called: float, returned: float) -> Operation:
    refused = Refused(command_id="any", code="token-limit-reached", detail="")
    return _operation(CREATE, called, returned, refused)


def _operation(
    command: Command, called: float, returned: float, reply: Accepted | Refused
) -> Operation:
    return Operation("", "ann", command, called, returned, reply)


def full() -> Iterator[Operation]:
    """An app gets all the tokens that it may have, one after the other."""
    for number in range(1, LIMIT + 1):
        yield given(number, number, number + 0.5)


def test_what_happens_side_by_side_may_happen_in_any_order() -> None:
    assert is_linearizable([given(2, called=1, returned=4), given(1, called=2, returned=3)])


def test_what_was_answered_before_another_was_asked_goes_before_it() -> None:
    assert not is_linearizable([given(2, called=1, returned=2), given(1, called=3, returned=4)])


def test_there_is_no_room_until_a_token_is_removed() -> None:
    end = LIMIT + 1
    beside = [no_room(end, end + 2), removed(1, end + 1, end + 3)]
    assert is_linearizable([*full(), *beside])
    assert is_linearizable([*full(), *reversed(beside)])
    assert not is_linearizable([*full(), removed(1, end, end + 1), no_room(end + 2, end + 3)])


@pytest.mark.parametrize(("create", "remove"), [(1, 2), (2, 1)])
def test_one_of_two_orders_is_found(create: int, remove: int) -> None:
    """The last room is taken, then there is none, then there is again."""
    before, end = [*full(), removed(1, LIMIT + 1, LIMIT + 2)], LIMIT + 9
    taken = given(LIMIT + 1, LIMIT + 2 + create, end)
    assert is_linearizable(
        [*before, taken, removed(2, LIMIT + 2 + remove, end), no_room(end - 1, end)]
    )


def test_what_has_not_returned_by_the_end_may_have_happened() -> None:
    late, seen = given(1, called=1, returned=9), given(2, called=2, returned=3)
    assert is_linearizable([late, seen], end=4)
    assert is_linearizable([given(1, called=2, returned=3), given(5, called=1, returned=9)], end=4)
    assert not is_linearizable([late, given(3, called=2, returned=3)], end=4)


def test_refusals_side_by_side_are_not_tried_in_every_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[Operation] = []
    after = linear.after

    def counted(state: linear.Tokens, operation: Operation) -> linear.Tokens | None:
        tried.append(operation)
        return after(state, operation)

    monkeypatch.setattr(linear, "after", counted)
    refusals = [no_room(LIMIT + 1, LIMIT + 2) for _ in range(16)]
    wrong = given(LIMIT + 1, called=LIMIT + 3, returned=LIMIT + 4)
    assert not is_linearizable([*full(), *refusals, wrong])
    assert len(tried) < 500
