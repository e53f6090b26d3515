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
    tap = _tap()
    tap.seen.update(getattr(node, "workeroutput", {}).get("seen", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of everything has to see every operation of the document on the bus."""
    tap = _tap()
    config = session.config
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output["seen"] = sorted(tap.seen)
    elif config.args == config.getini("testpaths") and not _is_a_part(config) and tap.unseen():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name the operations that weren't seen."""
    tap = _tap()
    if config.args == config.getini("testpaths") and not _is_a_part(config) and tap.unseen():
        terminalreporter.write_line(f"FAILED: never seen on the bus: {', '.join(tap.unseen())}")


def _tap() -> Any:
    """What listens to the bus of the flow tests; it takes a while to get ready."""
    return importlib.import_module("tests.flows.tap")


def _is_a_part(config: pytest.Config) -> bool:
    """Whether only some of the tests were to run."""
    return bool(config.option.keyword or config.option.markexpr or config.option.collectonly)
