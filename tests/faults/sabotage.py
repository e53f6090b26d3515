"""Runs a service that dies at a certain point, or lacks a guard.

`python -m tests.faults.sabotage SERVICE FILE`; the file, if there is one, tells how:

- `count FILE` writes the name of each point there whenever the service comes past it,
- `kill POINT N FILE` kills the service when it comes to the point for the Nth time, unless the
  file is there: it is made right before, so that this happens once,
- `shim SEED` doubles, delays and drops what consumers bring, which also changes its order,
- `without GUARD` switches a guard off,
- `hang SECONDS FILE` lets the loop stand still after the first reply, once, and the watchdog wait
  so long instead of half a minute.
"""

import asyncio
import copy
import functools
import importlib
import inspect
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg

from services.installation.connect import Connect
from services.installation.process import InstallProcess
from shared import checkup, consumer, relay
from shared.broker import Bus
from shared.deciding import Decider
from shared.inbox import Inbox
from shared.store import Store
from tests.faults import guards


class Point(NamedTuple):
    """Right before or right after a function does its work, if the call is one of those meant."""

    owner: Any
    function: str
    when: Literal["before", "after"]
    meant: Callable[..., bool] = lambda *_, **__: True


def _decides(*_: Any, commands: object = (), **__: Any) -> bool:
    return bool(commands)


def _handles(*_: Any, seen: object = (), **__: Any) -> bool:
    return bool(seen)


def _in_batch(*_: Any, headers: Mapping[str, str] | None = None, **__: Any) -> bool:
    return "Nats-Batch-Sequence" in (headers or {})


POINTS = {
    "loaded": Point(Decider, "_outcome", "before"),
    "decided": Point(Decider, "_outcome", "after"),
    "before-commit": Point(Store, "commit", "before", _decides),
    "committed": Point(Store, "commit", "after", _decides),
    "replied": Point(Bus, "reply", "after"),
    "before-publish": Point(relay, "_asked", "before"),
    "half-published": Point(Client, "publish", "after", _in_batch),
    "acknowledged-by-broker": Point(relay, "_asked", "after"),
    "received": Point(Inbox, "handle", "before"),
    "handled": Point(Store, "commit", "before", _handles),
    "effect-stored": Point(Store, "commit", "after", _handles),
    "before-ack": Point(Msg, "ack", "before"),
    "acked": Point(Msg, "ack", "after"),
    "step-begun": Point(InstallProcess, "step", "before"),
    "step-asks": Point(Bus, "ask", "before"),
    "step-answered": Point(Bus, "ask", "after"),
    "hook-sent": Point(Connect, "_send", "before"),
    "hook-answered": Point(Connect, "_send", "after"),
    "step-decides": Point(InstallProcess, "_send", "before"),
    "step-decided": Point(InstallProcess, "_send", "after"),
}
"""By name: where a process may die."""


def instrument(passed: Callable[[str], None]) -> None:
    """Call `passed` with the name of each point that the process comes past."""
    for name, point in POINTS.items():
        function = getattr(point.owner, point.function)
        setattr(point.owner, point.function, _wrapped(function, name, point, passed))


def _wrapped(
    function: Callable[..., Any], name: str, point: Point, passed: Callable[[str], None]
) -> Callable[..., Any]:
    def tell(when: str, args: Any, given: Any) -> None:
        if when == point.when and point.meant(*args, **given):
            passed(name)

    @functools.wraps(function)
    def run(*args: Any, **given: Any) -> Any:
        tell("before", args, given)
        result = function(*args, **given)
        tell("after", args, given)
        return result

    @functools.wraps(function)
    async def run_async(*args: Any, **given: Any) -> Any:
        tell("before", args, given)
        result = await function(*args, **given)
        tell("after", args, given)
        return result

    return run_async if inspect.iscoroutinefunction(function) else run


def count(file: str) -> None:
    """Write down each point."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def passed(name: str) -> None:
        os.write(descriptor, f"{name}\n".encode())

    instrument(passed)


def kill(wanted: str, number: str, file: str) -> None:
    """Die once."""
    left = int(number)

    def passed(name: str) -> None:
        nonlocal left
        left -= name == wanted
        if left == 0 and not Path(file).exists():
            Path(file).touch()
            os.kill(os.getpid(), signal.SIGKILL)

    instrument(passed)


def shim(seed: str) -> None:
    """Let some deliveries come twice, late, or not at all; what isn't acknowledged comes again."""
    chance, next_ = Random(int(seed)), consumer._next
    late: list[Msg] = []

    async def unreliable(arrived: asyncio.Queue[Msg | None]) -> Msg | None:
        while True:
            if late and (chance.random() < 0.3 or arrived.empty()):
                return late.pop(chance.randrange(len(late)))
            message = await next_(arrived)
            if message is None or (message.headers or {}).get("Status"):
                return message
            fate = chance.random()
            if fate < 0.04:
                continue
            if fate < 0.25:
                late.append(message)
                continue
            if fate < 0.45:
                late.append(copy.copy(message))
            return message

    setattr(consumer, "_next", unreliable)  # noqa: B010


def hang(seconds: str, file: str) -> None:
    """Do nothing any more, once."""
    checkup._HANGS = float(seconds)

    def passed(name: str) -> None:
        if name == "replied" and not Path(file).exists():
            Path(file).touch()
            time.sleep(1_000_000)

    instrument(passed)


def main(service: str, file: Path) -> None:
    """Run the service so."""
    how, *given = file.read_text().split(" ") if file.exists() else ["not"]
    ways: dict[str, Callable[..., None]] = {
        "not": lambda: None,
        "count": count,
        "kill": kill,
        "shim": shim,
        "hang": hang,
        "without": lambda *words: guards.switch_off(" ".join(words)),
    }
    ways[how](*given)
    importlib.import_module(f"services.{service}.app").main()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
