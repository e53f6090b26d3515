"""How long it takes until something is there: a help, what could be typed, a house."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.rows import Row, clocked, median

BIN = Path(sys.executable).parent


def rows() -> Iterator[Row]:
    """All rows of this kind."""
    yield _command_line("guestlist --help, ms", ["--help"], {}, goal=300)
    words = {"COMP_WORDS": "guestlist\nsend\nCreate", "COMP_CWORD": "2"}
    asked = words | {"_GUESTLIST_COMPLETE": "complete_bash"}
    yield _command_line("completion of a command, ms", [], asked, goal=200)
    yield _house()


def _command_line(operation: str, typed: list[str], settings: dict[str, str], goal: float) -> Row:
    def ours() -> None:
        env = os.environ | settings
        subprocess.run([BIN / "guestlist", *typed], env=env, check=True, stdout=subprocess.DEVNULL)

    def floor() -> None:
        subprocess.run([sys.executable, "-c", "import typer, pydantic"], check=True)

    mine, bare = median(clocked(ours), clocked(floor), turns=20)
    return Row(operation, mine, bare, "Python with typer and pydantic", goal, "lower")


def _house() -> Row:
    mine, bare = median(_up, _bare, turns=5)
    operation = "guestlist up to the first answer of every service, ms"
    return Row(operation, mine, bare, "nats-server and four interpreters", 3000, "lower")


def _up() -> float:
    """A house; it tells that it is up once every service answers."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        typed: list[str | Path] = [BIN / "guestlist", "up", "--data", folder]
        with subprocess.Popen(typed, stdout=subprocess.PIPE) as house:
            assert house.stdout is not None
            house.stdout.readline()
            taken = time.perf_counter() - begun
            house.terminate()
    return taken * 1000


def _bare() -> float:
    """A server that lets clients in, and as many interpreters as a house has."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        place = ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", folder]
        with subprocess.Popen([BIN / "nats-server", *place], stderr=subprocess.PIPE) as server:
            running = [subprocess.Popen([sys.executable, "-c", ""]) for _ in range(4)]
            assert server.stderr is not None
            while b"Server is ready" not in server.stderr.readline():
                pass
            for interpreter in running:
                interpreter.wait()
            taken = time.perf_counter() - begun
            server.terminate()
    return taken * 1000
