"""The catalogue of codes: what each means, and what to do. `python -m services.codes` prints it."""

from difflib import get_close_matches
from typing import Literal

from services import contract
from services.stop import CODES, WRONG_USE, Stop
from shared.descriptor import Descriptor
from shared.errors import Failure, Refusal
from shared.fetch import Fetcher
from shared.messages import Message

_OTHERS = (Descriptor, Fetcher)
"""What has refusals of its own beside the services."""
_TITLES = {
    "refused": "A rule said no. The same command gets the same answer; give a new one a new id.",
    "failed": "Nothing was decided, and nothing is left of it. It may be sent again.",
    "command line": "Said by the command line itself; no command was decided because of it.",
}


class Entry(Message):
    """One code. In `rule`, names in braces stand for the data that comes with the code."""

    code: str
    kind: Literal["refused", "failed", "command line"]
    rule: str
    hint: str = ""
    next: str | None = None
    """The command or query that helps."""


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


def markdown() -> str:
    """The catalogue as a page."""
    lines = ["# Codes", "", "Made by `python -m services.codes`; a code never changes its meaning."]
    for kind, title in _TITLES.items():
        lines += ["", f"## {kind.capitalize()}", "", title, "", "| code | rule | what to do |"]
        lines += ["|---|---|---|"]
        for entry in catalogue().values():
            if entry.kind == kind:
                todo = entry.hint if entry.next is None else f"{entry.hint}: `{entry.next}`"
                lines.append(f"| `{entry.code}` | {entry.rule} | {todo} |")
    return "\n".join(lines) + "\n"


def _rule(kind: type[Exception]) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


if __name__ == "__main__":
    print(markdown(), end="")  # noqa: T201  # this program prints a page
