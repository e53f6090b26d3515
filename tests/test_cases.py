"""Faults that people met in systems that do this job: each has a test that names its number."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

CASES = {
    1: "the hook installed came many times for one site",
    2: "a renamed site was a new one to its apps",
    3: "an imported site got a new client key, and the old one lingered",
    5: "the audience was not the base URL as the app has it",
    6: "a hook came without kid, or was signed by the secret after a reinstall",
    7: "the public key had odd line ends",
    8: "the key server was down when an app was installed",
    9: "a forged hook overwrote the secret",
    10: "a reinstalled app kept the old secret",
    12: "a cancelled subscription looked like an active one",
    14: "a free app was told lic=none, a fresh token was unlicensed for a moment",
    15: "one place said expired, another active",
    16: "licence ids were missing in what an app was told",
    17: "a key that is too long was refused late",
    18: "webhooks were listed without the scope READ",
    19: "a descriptor's URL failed, and nobody was told why",
    20: "an installation stayed open for ever",
    22: "a plus for a space, or another scheme in the header",
    23: "a context token was taken for a page's",
    27: "a change of scopes reached sites by itself, or never",
    28: "nobody saw that apps could not be told",
    29: "two sites at once passed a limit of one",
    30: "a count was checked, and then changed by many",
    31: "an extended licence was still shown as expired",
    32: "nobody was told that a limit was hit",
}


@cache
def shown() -> frozenset[int]:
    """The numbers that the docstrings of tests name."""
    return frozenset(number for path in TESTS.rglob("test_*.py") for number in _numbers(path))


def _numbers(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for named in re.findall(r"Cases? ([0-9, and]+)\.", ast.get_docstring(node) or ""):
                yield from map(int, re.findall("[0-9]+", named))


@pytest.mark.parametrize("number", CASES)
def test_a_fault_that_people_met_is_tested(number: int) -> None:
    assert number in shown(), CASES[number]


def test_no_other_faults_are_named() -> None:
    assert shown() <= CASES.keys()
