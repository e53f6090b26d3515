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
_Aggregate = tuple[str, str]
"""A service, and an aggregate of it."""
T = TypeVar("T")


class Memory:
    """Positions by the names that requests carry: app keys, ids, and URLs of descriptors."""

    def __init__(self) -> None:
        self._seen: dict[str, list[_Aggregate]] = {}
        """Which aggregates were seen by what has that name; last what was seen last."""
        self._newest: dict[_Aggregate, Position] = {}
        self._leads: dict[str, str] = {}
        """From the URL of a descriptor to its app, and from an app to its partner."""

    def text(self) -> str:
        """All of it, without tokens, for `read`; what was seen longest ago may be left out."""
        seen = {
            name: [str(self._newest[aggregate]) for aggregate in known]
            for name, known in _last(self._seen).items()
        }
        return mask(json.dumps({"seen": seen, "leads": _last(self._leads)}))

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
        self._seen, self._newest = {}, {}
        for name, row in positions.items():
            self._seen[name] = [self._see(position) for position in row]

    def after(self, request: Request) -> tuple[str, ...]:
        """The positions to ask after; the asked service itself always knows its own."""
        about = request.about()
        names = set(about)
        for name in about:
            while (name := self._leads.get(name, "")) and name not in names:
                names.add(name)
        seen = {
            str(self._newest[aggregate])
            for name in names
            for aggregate in self._seen.get(name, ())
            if aggregate[0] != request.SERVICE
        }
        return tuple(sorted(seen))

    def remember(self, request: Request, position: str) -> None:
        """What the request changed was seen by all that it was about, and what it was about
        was seen by what it changed."""
        about = {name: self._seen.get(name, []) for name in sorted(request.about())}
        new = self._see(Position.parse(position))
        fields = dict(request)
        url, app_key, partner_id = map(fields.get, ("descriptor_url", "app_key", "partner_id"))
        if app_key is not None and partner_id is not None:
            self._leads[fold(app_key)] = partner_id
        if app_key is not None and url is not None:
            self._leads[url] = fold(app_key)
        for name, seen in about.items():
            others = about.values() if name == request.key else [seen]
            known = dict.fromkeys(chain.from_iterable(others))
            known.pop(new, None)
            self._seen.pop(name, None)
            self._seen[name] = [*known, new][-_POSITIONS:]

    def _see(self, position: Position) -> _Aggregate:
        """Keep the newest position of its aggregate, for all that saw the aggregate."""
        aggregate = position[:2]
        self._newest[aggregate] = max(position, self._newest.get(aggregate, position))
        return aggregate


def _last(names: dict[str, T]) -> dict[str, T]:
    return dict(islice(names.items(), max(0, len(names) - _NAMES), None))
