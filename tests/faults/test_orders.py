"""Each answer has to fit the order in which it was decided."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from services.token.commands import CreateToken, RemoveToken
from services.token.domain import LIMIT
from services.token.events import TokenCreated, TokenRemoved
from services.token.refusals import TokenLimitReached, UnknownToken
from shared.messages import Accepted, Command, Event, EventRef, Refused
from shared.testing import NOW
from tests.faults.history import History, Operation
from tests.faults.kept import Kept
from tests.faults.orders import witnessed

APP = "com.example.app"
CREATE, REMOVE = CreateToken(app_key=APP), RemoveToken(app_key=APP, token_id=1)
LIMITED = TokenLimitReached(app_key=APP, limit=LIMIT).reply("any")


def created(token_id: int) -> TokenCreated:
    """The event."""
    return TokenCreated(app_key=APP, token_id=token_id, maker="ann", created_at=NOW)


REMOVED = TokenRemoved(app_key=APP, token_id=1)


def accepted(version: int | None, token_id: int | None = None) -> Accepted:
    """The answer to what made that version, or to what made none."""
    aggregate = f"tokens/{APP}"
    events = []
    if version is not None:
        id_ = f"token/{aggregate}@{version}"
        events = [EventRef(type="any", id=id_, aggregate=aggregate, version=version)]
    result = {} if token_id is None else {"token_id": token_id}
    position = f"token/{aggregate}@{version or 1}"
    return Accepted(command_id="any", events=tuple(events), position=position, result=result)


def asked(command: Command, reply: Accepted | Refused, called: float, returned: float) -> Operation:
    """Somebody asked that, and was answered."""
    return Operation("id", "ann", command, called, returned, reply)


def wrong(events: Sequence[Event], *operations: Operation) -> list[str]:
    """What doesn't fit these events."""
    records = [
        SimpleNamespace(event=event, originator_version=version)
        for version, event in enumerate(events, 1)
    ]
    kept = cast(Kept, SimpleNamespace(records=records))
    return list(witnessed({"token": kept}, History([*operations])))


FIRST = asked(CREATE, accepted(1, 1), 1, 2)


def test_what_was_decided_as_it_was_answered_fits() -> None:
    assert wrong([created(1), REMOVED], FIRST, asked(REMOVE, accepted(2), 3, 4)) == []


def test_a_token_that_is_another_than_was_made_does_not_fit() -> None:
    assert wrong([created(1)], asked(CREATE, accepted(1, 2), 1, 2))
    assert wrong([created(1)], asked(CREATE, accepted(None, 1), 1, 2))


def test_a_removal_of_another_token_does_not_fit() -> None:
    other = RemoveToken(app_key=APP, token_id=2)
    assert wrong([created(1), created(2), REMOVED], asked(other, accepted(3), 3, 4))


@pytest.mark.parametrize(("called", "fits"), [(5, True), (2.5, True), (2.1, False)])
def test_a_removal_without_effect_fits_once_the_token_can_be_gone(
    called: float, fits: bool
) -> None:
    gone = asked(REMOVE, accepted(2), 2.5, 4)
    again = asked(REMOVE, accepted(None), called, called + 0.1)
    assert (wrong([created(1), REMOVED], FIRST, gone, again) == []) == fits


def test_a_removal_without_effect_of_what_is_there_does_not_fit() -> None:
    assert wrong([created(1)], FIRST, asked(REMOVE, accepted(None), 3, 4))


def test_a_refusal_fits_only_where_there_was_no_room() -> None:
    full = [created(number) for number in range(1, LIMIT + 1)]
    many = [
        asked(CREATE, accepted(number, number), number, number + 0.5)
        for number in range(1, LIMIT + 1)
    ]
    late = asked(CREATE, LIMITED, LIMIT + 1, LIMIT + 2)
    early = asked(CREATE, LIMITED, 1, 3)
    assert wrong(full, *many, late) == []
    assert wrong(full, *many, early)


def test_no_other_refusal_fits() -> None:
    unknown = UnknownToken(app_key=APP, token_id=1).reply("any")
    assert wrong([created(1)], FIRST, asked(REMOVE, unknown, 3, 4))


def test_who_was_answered_first_was_decided_first() -> None:
    second = asked(CREATE, accepted(1, 1), 3, 4)
    assert wrong([created(1), created(2)], asked(CREATE, accepted(2, 2), 1, 2), second)
