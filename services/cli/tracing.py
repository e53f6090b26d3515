"""A flow as it happens: each event below what led to it."""

from datetime import datetime

from services.cli.forms import Printer
from services.cli.told import ToldNode
from shared.published import Published

COLUMNS = (12, 36, 12)


def tell_node(out: Printer, told: ToldNode) -> None:
    """Print a command or an event of a flow."""
    name = "  " * told.depth + told.name
    out.tell(told, [(f"{told.after_ms:+.1f} ms", name, told.actor, told.line)], COLUMNS)


class Trace:
    """Knows where in the flow of a command each event stands; times are the services' own."""

    def __init__(self, command_id: str) -> None:
        self._depths = {command_id: 0}
        self._begun: datetime | None = None

    def tell(self, out: Printer, published: Published) -> None:
        """Print the next event."""
        meta, event = published.meta, published.event()
        self._begun = self._begun or meta.time
        depth = self._depths.get(meta.causation_id, 0) + 1
        self._depths[published.id] = depth
        told = ToldNode(
            kind="event",
            id=published.id,
            cause=meta.causation_id,
            depth=depth,
            service=published.position.service,
            name=published.topic,
            actor=meta.actor,
            time=meta.time,
            after_ms=(meta.time - self._begun).total_seconds() * 1000,
            line=published.body.decode() if event is None else event.line(),
        )
        tell_node(out, told)
