"""What all tests share."""

import importlib
from typing import Any

import pytest

from services import contract


@pytest.fixture(scope="session", autouse=True)
def _contract() -> None:
    """Every test knows all commands, events, queries and refusals."""
    contract.load()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Gather what a process of the run saw on the bus."""
    _tap().seen.update(getattr(node, "workeroutput", {}).get("seen", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of everything has to see every operation of the document on the bus."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["seen"] = sorted(_tap().seen)
    elif _is_whole(session.config) and _tap().unseen():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name the operations that weren't seen."""
    if _is_whole(config) and _tap().unseen():
        terminalreporter.write_line(f"FAILED: never seen on the bus: {', '.join(_tap().unseen())}")


def _tap() -> Any:
    """What listens to the bus of the flow tests; it takes a while to get ready."""
    return importlib.import_module("tests.flows.tap")


def _is_whole(config: pytest.Config) -> bool:
    """Whether all of the tests were to run."""
    options = config.option
    chosen = options.markexpr not in {"", "not extra and not client"}
    part = options.keyword or options.collectonly or chosen
    return config.args == config.getini("testpaths") and not part
