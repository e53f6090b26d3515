"""How a service is: whether it can work, what it waits for, and how far behind it is."""

from typing import Literal

from shared.messages import Message
from shared.names import Timestamp


class Health(Message):
    """How a service is; its figures count since it began."""

    service: str
    status: Literal["ready", "not ready"]
    why: tuple[str, ...] = ()
    """What it waits for, if it isn't ready."""
    log_end: int
    """How long its log is; -1 when the store doesn't answer."""
    dead_letters: int
    """Messages that were given up on and that nobody dealt with."""
    behind: dict[str, int]
    """By follower: messages that it hasn't handled yet."""
    fetched: int
    """Events that were missing in the stream."""
    refused: dict[str, int]
    """By code: commands that were refused."""
    loop_lag: float
    """Seconds for which the process did nothing else, the longest since the last look."""
    time: Timestamp
