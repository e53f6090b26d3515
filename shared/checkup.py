"""The checkup: a service looks at itself again and again, and ends itself when it hangs."""

import asyncio
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, NamedTuple

import nats.errors
import nats.js.errors
from eventsourcing.persistence import PersistenceError
from nats.js.api import ConsumerInfo

from shared import clock
from shared.broker import Bus
from shared.follower import Follower
from shared.health import Health
from shared.pipeline import Pipeline
from shared.relay import Relay

logger = logging.getLogger(__name__)

_LOOK = 1.0
"""Seconds between two looks."""
_STORE = 2.0
"""Seconds in which the store has to answer."""
_TICK = 0.5
"""Seconds between two looks of the watchdog."""
_HANGS = 30.0
"""Seconds after which a process whose loop does nothing any more ends itself."""


class Checkup:
    """Looks at a service again and again, and keeps what it finds in a file.

    The file tells how the service is while NATS is away, too.
    """

    STUCK: ClassVar = 15.0
    """Seconds after which a follower that has something to do and gets no further is stuck."""

    def __init__(
        self,
        bus: Bus,
        pipeline: Pipeline,
        followers: Collection[Follower],
        relays: Collection[Relay],
        path: Path,
    ) -> None:
        self._bus = bus
        self._pipeline = pipeline
        self._followers = followers
        self._relays = relays
        self._path = path
        self._watchdog = Watchdog()
        self._behind: dict[str, int] = {}
        self._progress: dict[str, Progress] = {}

    async def run(self) -> None:
        """Look for ever."""
        self._watchdog.start()
        try:
            while True:
                await self._look_at_followers()
                self._write(await self.examine())
                await asyncio.sleep(_LOOK)
        finally:
            self._watchdog.stop()

    async def examine(self) -> Health:
        """How the service is now."""
        log_end, letters, trouble = await self._look_at_store()
        why = [trouble] if trouble else []
        if not self._bus.events.is_connected:
            why.append("NATS is away")
        why += [relay.trouble for relay in self._relays if relay.trouble]
        now = time.monotonic()
        why += [
            f"{consumer} doesn't advance, {self._behind[consumer]} messages wait"
            for consumer, progress in self._progress.items()
            if self._behind[consumer] and now - progress.since > self.STUCK
        ]
        return Health(
            service=self._pipeline.store.service,
            status="not ready" if why else "ready",
            why=tuple(why),
            log_end=log_end,
            dead_letters=letters,
            behind=dict(self._behind),
            fetched=sum(follower.fetched for follower in self._followers),
            refused=dict(self._pipeline.refusals),
            loop_lag=round(self._watchdog.lag, 3),
            time=clock.now(),
        )

    async def _look_at_store(self) -> tuple[int, int, str]:
        """How long the log is, how many dead letters there are, and what is wrong if it fails."""
        try:
            async with asyncio.timeout(_STORE):
                return await self._pipeline.on_thread(self._ask_store)
        except (PersistenceError, TimeoutError) as error:
            return -1, -1, f"the store doesn't answer: {type(error).__name__}"

    def _ask_store(self) -> tuple[int, int, str]:
        store, trouble = self._pipeline.store, self._pipeline.trouble
        if trouble:
            store.recorder.check_writable()
            self._pipeline.trouble = ""
        return store.log_end(), store.recorder.count_letters(), ""

    async def _look_at_followers(self) -> None:
        """How far they are; while NATS tells nothing they are where they were."""
        stream = self._bus.events.jetstream(timeout=_LOOK)
        try:
            for follower in self._followers if self._bus.events.is_connected else ():
                info = await stream.consumer_info(follower.stream, follower.consumer)
                self._note(follower.consumer, info)
        except (nats.errors.Error, nats.js.errors.Error, OSError) as error:
            logger.info("NATS tells nothing of the followers: %r", error)

    def _note(self, consumer: str, info: ConsumerInfo) -> None:
        waiting = (info.num_pending or 0) + (info.num_ack_pending or 0)
        delivered = info.delivered.stream_seq if info.delivered else 0
        handled = info.ack_floor.stream_seq if info.ack_floor else 0
        place = (delivered, handled, info.num_ack_pending or 0)
        known = self._progress.get(consumer)
        if known is None or known.place != place or not waiting:
            self._progress[consumer] = Progress(place, time.monotonic())
        self._behind[consumer] = waiting

    def _write(self, health: Health) -> None:
        """Replace the file, whole or not at all; a full disk is told by the store already."""
        new = self._path.with_suffix(".new")
        with suppress(OSError):
            new.write_text(health.model_dump_json())
            new.replace(self._path)


class Progress(NamedTuple):
    """Where a follower is, and since when."""

    place: tuple[int, ...]
    since: float
    """By the monotonic clock."""


class Watchdog:
    """Measures from a thread how long the loop does nothing else, and ends a process that hangs.

    It counts its own ticks, so a process that was stopped and goes on isn't taken for hanging.
    """

    def __init__(self) -> None:
        self._lags: deque[float] = deque([0.0], maxlen=10)
        self._missed = 0
        self._ended = threading.Event()

    @property
    def lag(self) -> float:
        """Seconds, the longest of the last ticks."""
        return max(self._lags)

    def start(self) -> None:
        """Watch the loop that runs now."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._watch, args=(loop,), name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer."""
        self._ended.set()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._ended.wait(_TICK):
            self._missed += 1
            if self._missed * _TICK > _HANGS:
                logger.critical("nothing moved for %d s: ending, to be started again", _HANGS)
                os._exit(os.EX_SOFTWARE)
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._beat, time.monotonic())

    def _beat(self, sent: float) -> None:
        self._missed = 0
        self._lags.append(time.monotonic() - sent)
