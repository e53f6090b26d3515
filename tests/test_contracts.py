"""Each contract, lint rule and type setting of `make check` sees the line that breaks it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from services.contract import SERVICES

pytestmark = pytest.mark.extra

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
CACHES = shutil.ignore_patterns("__pycache__")
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
CONTRACTS = {row["id"]: row for row in SETTINGS["importlinter"]["contracts"]}

FORMAT, LINT, TYPES, IMPORTS = "ruff format --check .", "ruff check .", "mypy", "lint-imports"
"""The commands of `make check`, as the Makefile has them."""
LINTS = {
    "A001": "list = 1",
    "ARG001": "def one(unused: int) -> int: return 1",
    "ASYNC230": "async def stall() -> None: open('file')",
    "B006": "def keep(kept: list[int] = []) -> None: kept.pop()",
    "C408": "EMPTY = dict()",
    "DTZ005": "STARTED = datetime.now()",
    "E501": f"# {'long ' * 19}line",
    "F401": "import os",
    "I001": "import os, abc",
    "N802": "def Now() -> None: ...",
    "PERF102": "for _, value in {1: 2}.items(): str(value)",
    "PIE790": "def idle() -> None: 'Does nothing.'; pass",
    "PTH123": "FILE = open('file')",
    "RET501": "def nothing() -> None: print(); return None",
    "RUF100": "SHORT = 1  # noqa: E501",
    "S101": "assert UTC",
    "SIM210": "KNOWN = True if UTC else False",
    "T201": "print()",
    "TID252": "from .names import fold",
    "UP035": "from typing import List",
    "W291": "SPACED = 1 ",
}
UNTYPED = "def untyped(given): return given"
MISTYPED = [
    ("no-untyped-def", "services/cli/output.py", UNTYPED),
    ("no-untyped-def", "shared/logs.py", UNTYPED),
    ("no-untyped-def", "tests/conftest.py", UNTYPED),
    ("ignore-without-code", "shared/logs.py", "WRONG: int = ''  # type: ignore"),
    ("redundant-expr", "shared/logs.py", "ALL = [name for name in '' if isinstance(name, str)]"),
    ("truthy-bool", "shared/clock.py", "def ever(time: datetime) -> int: return 1 if time else 0"),
    ("misc", "services/token/views.py", "def edit(view: TokenList) -> None: view.app_key = ''"),
]
"""The last is seen only by the plugin, which knows that messages are frozen."""
VALUES = {"aggregate", "bitmap", "descriptor", "errors", "links", "messages", "names", "scopes"}
"""What of `shared` a domain is made of."""
IMPURE = {
    "clock": "datetime time",
    "randomness": "random secrets uuid",
    "logging": "logging",
    "files": "io os pathlib shutil tempfile",
    "network": "http httpcore2 httpx2 select socket ssl urllib",
    "stores": "eventsourcing sqlite3",
    "processes": "asyncio concurrent multiprocessing signal subprocess sys threading",
    "ours": " ".join(
        f"shared.{path.stem}"
        for path in sorted((ROOT / "shared").glob("[a-z]*.py"))
        if path.stem not in VALUES
    ),
    "above": " ".join(
        f"services.{path.stem}"
        for path in sorted((ROOT / "services").glob("[a-z]*"))
        if path.stem not in {"contract", *SERVICES}
    ),
}
FORBIDDEN = {
    "shared-knows-no-service": [
        "shared.names -> services.contract",
        "shared.store -> services.token.events",
    ],
    "listing-is-met-in-its-contract": [
        "services.cli.main -> services.listing.app",
        "services.token.handlers -> services.listing.domain",
        "services.token.policies -> services.listing.views",
        "services.installation.policies -> services.listing.handlers",
    ],
    "token-is-met-in-its-contract": [
        "services.supervisor -> services.token.app",
        "services.listing.handlers -> services.token.domain",
        "services.listing.views -> services.token.views",
        "services.installation.policies -> services.token.policies",
        "services.installation.process -> services.token.handlers",
    ],
    "installation-is-met-in-its-contract": [
        "services.cli.main -> services.installation.app",
        "services.listing.app -> services.installation.process",
        "services.listing.handlers -> services.installation.handlers",
        "services.token.domain.tokens -> services.installation.domain",
        "services.token.policies -> services.installation.policies",
        "services.token.views -> services.installation.views",
    ],
    "imports-point-inwards": [
        "services.token.handlers -> services.token.app",
        "services.token.policies -> services.token.handlers",
        "services.token.views -> services.token.handlers",
        "services.listing.needs -> services.listing.handlers",
        "services.installation.domain.site -> services.installation.needs",
        "services.token.domain.tokens -> services.token.handlers",
        "services.token.events -> services.token.domain",
        "services.token.events -> services.token.queries",
        "services.token.commands -> services.token.events",
        "services.token.refusals -> services.token.commands",
        "services.listing.handlers -> services.listing.views",
        "services.listing.domain.listing -> services.listing.views",
        "services.listing.queries -> services.listing.domain",
        "services.listing.commands -> services.listing.queries",
        "services.installation.process -> services.installation.app",
        "services.installation.policies -> services.installation.process",
        "services.installation.domain.site -> services.installation.policies",
        "services.installation.queries -> services.installation.events",
        "services.installation.refusals -> services.installation.events",
    ],
    "only-app-knows-the-broker": [
        "services.cli.main -> nats",
        "services.listing.domain.listing -> nats",
        "services.token.handlers -> faststream",
    ],
    "domain-is-pure": [
        *(
            f"services.token.domain.tokens -> {module}"
            for kind in IMPURE.values()
            for module in kind.split()
        ),
        "services.listing.domain.listing -> shared.clock",
        "services.installation.domain.site -> uuid",
    ],
}
"""Imports that each contract forbids."""


class Break(NamedTuple):
    """A line that no file may have: what checks for it, and the rule that it breaks."""

    check: str
    rule: str
    path: str
    line: str


BREAKS = [
    Break(FORMAT, "unformatted:", "shared/clock.py", "QUOTED = 'once'"),
    *(Break(LINT, rule, "shared/clock.py", line) for rule, line in LINTS.items()),
    *(Break(TYPES, *row) for row in MISTYPED),
    *(
        Break(IMPORTS, contract, f"{importer.replace('.', '/')}.py", f"import {imported}")
        for contract, rows in FORBIDDEN.items()
        for importer, imported in (row.split(" -> ") for row in rows)
    ),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code in a folder of its own, where the checks keep their caches too."""
    folder = tmp_path_factory.mktemp("copy")
    for package in ("services", "shared"):
        shutil.copytree(ROOT / package, folder / package, ignore=CACHES)
    (folder / "tests").mkdir()
    for file in ("pyproject.toml", "tests/__init__.py", "tests/conftest.py"):
        shutil.copy(ROOT / file, folder / file)
    return folder


@pytest.mark.parametrize("command", [FORMAT, LINT, TYPES, IMPORTS])
def test_the_unchanged_copy_passes(copy: Path, command: str) -> None:
    checked = _check(copy, command)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("broken", BREAKS, ids=lambda row: f"{row.rule} in {row.path}: {row.line}")
def test_a_breaking_line_is_seen_and_its_rule_named(copy: Path, broken: Break) -> None:
    with _added(copy / broken.path, broken.line):
        checked = _check(copy, broken.check)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert re.search(_named(broken), checked.stdout, re.MULTILINE), checked.stdout


def test_every_command_of_make_check_is_broken_here() -> None:
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    commands = {line.strip().removeprefix("$(BIN)/") for line in recipe[1].splitlines()}
    assert commands == {broken.check for broken in BREAKS}


def test_every_contract_is_broken_here() -> None:
    assert FORBIDDEN.keys() == CONTRACTS.keys()


def test_every_module_that_a_contract_forbids_is_imported_here() -> None:
    for contract, rows in FORBIDDEN.items():
        imported = [row.split(" -> ")[1] for row in rows]
        for module in CONTRACTS[contract].get("forbidden_modules", ()):
            assert any(fnmatch(f"{name}.", f"{module}.*") for name in imported), module


def test_every_group_of_lint_rules_is_broken_here() -> None:
    for group in SETTINGS["ruff"]["lint"]["select"]:
        assert any(re.fullmatch(rf"{group}\d+", rule) for rule in LINTS), group


def test_every_type_setting_is_broken_here() -> None:
    codes, paths, _ = zip(*MISTYPED, strict=True)
    assert set(codes) >= set(SETTINGS["mypy"]["enable_error_code"])
    assert {path.partition("/")[0] for path in paths} == set(SETTINGS["mypy"]["packages"])


def _check(copy: Path, command: str) -> subprocess.CompletedProcess[str]:
    tool, *options = shlex.split(command)
    return subprocess.run(
        [BIN / tool, *options],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def _added(path: Path, line: str) -> Iterator[None]:
    original = path.read_text()
    path.write_text(f"{original}{line}\n")
    try:
        yield
    finally:
        path.write_text(original)


def _named(broken: Break) -> str:
    match broken.check:
        case "mypy":
            return rf"^{broken.path}:\d+: error: .*\[{broken.rule}\]$"
        case "lint-imports":
            return rf"^{re.escape(CONTRACTS[broken.rule]['name'])} BROKEN"
        case _:
            return rf"^{broken.rule} .*\n +--> {broken.path}:"
