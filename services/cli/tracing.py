"""A flow as it happens: each event below what led to it."""

from datetime import datetime
from typing import TYPE_CHECKING

from services.cli.forms import Printer
from services.cli.told import ToldNode
from shared.published import Published

if TYPE_CHECKING:
    from services.history.flows import Node


def tell_node(out: Printer, node: "Node", begun: datetime) -> None:
    """Print a command or an event of a flow that began then."""
    after = (node.time - begun).total_seconds() * 1000
    told = ToldNode(**node._asdict(), after_ms=after)
    name = "  " * told.depth + told.name
    out.tell(told, [(f"{after:+.1f} ms", name, told.actor, told.line)], (12, 36, 12))


class Trace:
    """Knows where in the flow of a command each event stands; times are the services' own."""

    def __init__(self, command_id: str) -> None:
        self._depths = {command_id: 0}
        self._begun: datetime | None = None

    def tell(self, out: Printer, published: Published) -> None:
        """Print the next event; the commands of processes aren't seen, so their cause is its."""
        from services.history.flows import Node

        cause = published.meta.causation_id
        self._begun = self._begun or published.meta.time
        self._depths[published.id] = depth = self._depths.get(cause, 0) + 1
        tell_node(out, Node.of_event(published)._replace(cause=cause, depth=depth), self._begun)
