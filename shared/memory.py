"""What a client last saw of each app, partner and site, so that it reads its own writes."""

import json
from itertools import chain, islice
from typing import TypeVar

from shared.keys import mask
from shared.messages import Request
from shared.names import Position, fold

_POSITIONS = 16
"""Positions kept for each name."""
_NAMES = 1000
"""Names kept in a text."""
T = TypeVar("T")


class Memory:
    """Positions by the names that requests carry: app keys, ids, and URLs of descriptors."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[tuple[str, str], Position]] = {}
        self._leads: dict[str, str] = {}
        """From the URL of a descriptor to its app, and from an app to its partner."""

    def text(self) -> str:
        """All of it, without tokens, for `read`; what was seen longest ago may be left out."""
        seen = {name: [*map(str, known.values())] for name, known in _newest(self._seen).items()}
        return mask(json.dumps({"seen": seen, "leads": _newest(self._leads)}))

    def read(self, text: str) -> None:
        """Take over what `text` gave; raises ValueError when it is none of that."""
        try:
            kept = json.loads(text)
            positions = {
                name: [Position.parse(position) for position in positions]
                for name, positions in kept["seen"].items()
            }
            self._leads = {str(name): str(lead) for name, lead in kept["leads"].items()}
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError("no memory of a client") from error
        self._seen = {name: {seen[:2]: seen for seen in row} for name, row in positions.items()}

    def after(self, request: Request) -> tuple[str, ...]:
        """The positions to ask after; the asked service itself always knows its own."""
        names = set(request.about())
        for name in request.about():
            while (name := self._leads.get(name, "")) and name not in names:
                names.add(name)
        seen = {
            str(position)
            for name in names
            for position in self._seen.get(name, {}).values()
            if position.service != request.SERVICE
        }
        return tuple(sorted(seen))

    def remember(self, request: Request, position: str) -> None:
        """What the request changed was seen by all that it was about, and what it was about
        was seen by what it changed."""
        about = {name: self._seen.get(name, {}) for name in sorted(request.about())}
        new = Position.parse(position)
        url, app_key, partner_id = (
            getattr(request, field, None) for field in ("descriptor_url", "app_key", "partner_id")
        )
        if app_key is not None and partner_id is not None:
            self._leads[fold(app_key)] = partner_id
        if app_key is not None and url is not None:
            self._leads[url] = fold(app_key)
        for name, seen in about.items():
            others = about.values() if name == request.key else [seen]
            known = sorted({*chain.from_iterable(other.values() for other in others), new})
            newest = {seen[:2]: seen for seen in known}
            newest[new[:2]] = newest.pop(new[:2])
            self._seen.pop(name, None)
            self._seen[name] = dict(list(newest.items())[-_POSITIONS:])


def _newest(names: dict[str, T]) -> dict[str, T]:
    return dict(islice(names.items(), max(0, len(names) - _NAMES), None))
