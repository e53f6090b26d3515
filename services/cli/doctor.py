"""`guestlist doctor`: whether all that a house needs is there, and how to mend what isn't."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

from services.cli.knocking import knock
from services.cli.told import Finding
from services.contract import SERVICES
from shared import clock
from shared.client import Client, NoReply
from shared.health import Health
from shared.streams import Standing, declared

LATE = timedelta(seconds=5)
"""How far two clocks may be apart: deadlines are 10 seconds."""


async def examine(
    url: str,
    data: Path | None,
    *,
    least_free: int,
    now: Callable[[], datetime] = clock.now,
) -> AsyncIterator[Finding]:
    """Look at everything; without a server only at the gateway and disk of the folder `data`."""
    try:
        async with await Client.open(url, "doctor") as client:
            yield Finding(check="server", well=True, detail="NATS answers and lets us in")
            for service in SERVICES:
                yield await _service(client, service)
            for finding in await _streams_and_clock(client, now):
                yield finding
    except NoReply as error:
        mend = "start it: guestlist up; or name it: GUESTLIST_NATS=nats://USER:PASSWORD@HOST:PORT"
        yield Finding(check="server", well=False, detail=str(error), mend=mend)
        for finding in _kept(data) if data is not None else ():
            yield finding
    if data is not None:
        yield await asyncio.to_thread(knock, data)
        yield _disk(data, least_free)


async def _service(client: Client, service: str) -> Finding:
    health = await client.health(service)
    if health is None:
        mend = f"start it: guestlist up, or guestlist service {service}"
        detail = f"{service} gives no answer"
        return Finding(check="services", well=False, detail=detail, mend=mend)
    return _judged(health)


def _judged(health: Health) -> Finding:
    """A service that waits for something goes on by itself; dead letters wait for somebody."""
    if health.why:
        told = f"{health.service} isn't ready: {'; '.join(health.why)}"
        mend = "mend what it waits for; it goes on by itself"
    elif health.dead_letters > 0:
        told = f"{health.service} keeps {health.dead_letters} dead letters"
        mend = "look at them: guestlist dead-letters"
    else:
        told, mend = f"{health.service} answers", ""
    return Finding(check="services", well=not mend, detail=told, mend=mend)


def _kept(data: Path) -> list[Finding]:
    """How the services are by the files that they keep, as they can't be asked."""
    found = []
    for service in SERVICES:
        with contextlib.suppress(OSError, ValueError):
            text = (data / f"{service}.health.json").read_text()
            health = Health.model_validate_json(text)
            if clock.now() - health.time < LATE:
                found.append(_judged(health))
    return found


async def _streams_and_clock(client: Client, now: Callable[[], datetime]) -> list[Finding]:
    try:
        found = {name: await client.standing(name) for name in declared()}
    except NoReply as error:
        mend = "let the server have JetStream, with sync_interval: always"
        return [Finding(check="stream", well=False, detail=str(error), mend=mend)]
    times = [standing.time for standing in found.values() if standing.time is not None]
    findings = [_stream(name, standing) for name, standing in found.items()]
    return findings + [_clock(abs(now() - time)) for time in times[:1]]


def _stream(name: str, standing: Standing) -> Finding:
    if standing.time is None:
        mend = "start a service: it makes the stream"
        return Finding(check="stream", well=False, detail=f"there is no stream {name}", mend=mend)
    told = "; ".join(
        f"{setting} is {found}, not {wanted}"
        for setting, (wanted, found) in standing.differences.items()
    )
    return Finding(
        check="stream",
        well=not told,
        detail=f"{name}: {told}" if told else f"{name} is as declared",
        mend=f"edit it with the nats tool: nats stream edit {name}" if told else "",
    )


def _clock(apart: timedelta) -> Finding:
    return Finding(
        check="clock",
        well=apart <= LATE,
        detail=f"{apart.total_seconds():.1f} s apart from the server's",
        mend="" if apart <= LATE else "set both by NTP: deadlines pass by the services' clocks",
    )


def _disk(data: Path, least_free: int) -> Finding:
    free = shutil.disk_usage(data).free >> 20
    well = free >= least_free
    mend = "" if well else f"make room, or move {data}: what can't be stored is answered failed"
    return Finding(check="disk", well=well, detail=f"{free} MiB free for {data}", mend=mend)
