"""The catalogue of codes: what each means, and what to do."""

from difflib import get_close_matches

from services import contract
from services.cli.stop import CODES, WRONG_USE, Stop
from services.cli.told import Entry
from services.gateway.codes import CODES as OVER_HTTP
from shared.descriptor import Descriptor
from shared.errors import Failure, Refusal
from shared.fetch import Fetcher

_OTHERS = (Descriptor, Fetcher)
"""What has refusals of its own beside the services."""


def catalogue() -> dict[str, Entry]:
    """All codes in order."""
    contract.load()
    entries = [
        *(
            Entry(code=code, kind="refused", rule=_rule(kind), hint=kind.HINT, next=kind.NEXT)
            for code, kind in Refusal.TABLE.items()
        ),
        *(
            Entry(code=code, kind="failed", rule=_rule(kind), hint=kind.HINT)
            for code, kind in Failure.TABLE.items()
        ),
        *(
            Entry(code=code, kind="over HTTP", rule=told.rule, hint=told.hint)
            for code, told in OVER_HTTP.items()
        ),
        *(Entry(code=code, kind="command line", rule=rule) for code, rule in CODES.items()),
    ]
    return {entry.code: entry for entry in sorted(entries, key=lambda entry: entry.code)}


def entry(code: str) -> Entry:
    """What is known of a code; raises Stop for one that doesn't exist."""
    known = catalogue()
    if code not in known:
        close = get_close_matches(code, known, n=1)
        hint = f"did you mean {close[0]}?" if close else "all codes stand in docs/codes.md"
        raise Stop(WRONG_USE, "unknown-code", f"there is no code {code}", hint)
    return known[code]


def _rule(kind: type[Exception]) -> str:
    return (kind.__doc__ or "").partition("\n")[0]
