"""Stores that are filled before a service starts on them."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from services.token.domain import AppTokens, Partner, Rules
from services.token.events import ListingSeen
from shared.keys import Keys
from shared.messages import Meta
from shared.sqlite import open_sqlite
from shared.store import Draft, Store
from tests.bench.load import APP, MEMBER

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
META = Meta(actor=MEMBER, command_id="c", correlation_id="f", causation_id="c", time=NOW)
_TOGETHER = 5_000


def token_store(*, app: int = 10, all_: int = 0) -> Callable[[Path], None]:
    """A store of the token service with so many events of the hot app, and so many in all."""
    return partial(_fill, app, all_)


def _fill(app: int, all_: int, folder: Path) -> None:
    Keys.make(folder / "keys.json")
    store = Store("token", open_sqlite(folder / "token.sqlite"))
    partner = store.load(Partner, "example")
    partner.see(frozenset({MEMBER}))
    store.commit(store.draft([partner], META))
    count = store.log_end()
    while count < all_ - app:
        draft = Draft()
        for number in range(count, min(count + _TOGETHER, all_ - app)):
            other = Partner(f"partner-{number}")
            other.see(frozenset({MEMBER}))
            store.draft([other], META, onto=draft)
        store.commit(draft)
        count = store.log_end()
    fill_app(store, APP, app)


def fill_app(store: Store, app_key: str, count: int) -> None:
    """Give an app a history of so many events; no token is left, or one."""
    tokens = store.load(AppTokens, app_key)
    tokens.see_listing(
        ListingSeen(app_key=tokens.key, partner_id="example", status="private", hosting="cloud")
    )
    while tokens.version < count:
        tokens.create(MEMBER, "for a site", NOW, Rules())
        if tokens.version < count:
            tokens.remove(tokens.given)
    store.commit(store.draft([tokens], META))
