"""Stored history is bound to permanent topics, never to the modules where classes live."""

import ast
import importlib
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from eventsourcing.persistence import StoredEvent

from services.token.domain import AppTokens, Rules
from services.token.events import ListingSeen
from shared.messages import Event, Meta
from shared.records import UnknownTopic
from shared.sqlite import open_sqlite
from shared.store import Store

ROOT = Path(__file__).parents[1]
CACHES = shutil.ignore_patterns("__pycache__")
APP, NOW = "com.example.app", datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
TOLD_BY_HISTORY = f"""
import json, sys
from pathlib import Path
from pydantic_core import to_jsonable_python
from services.token.domain import AppTokens
from services.token.events import TokenCreated
from shared.sqlite import open_sqlite
from shared.store import Store

tokens = Store("token", open_sqlite(Path(sys.argv[1]))).load(AppTokens, "{APP}")
print(TokenCreated.__module__)
print(json.dumps(to_jsonable_python(vars(tokens)), sort_keys=True))
"""
"""Prints where TokenCreated lives and the state that the history in a file leaves."""


def test_moving_an_event_class_to_another_module_breaks_no_stored_history(tmp_path: Path) -> None:
    history = tmp_path / "token.sqlite"
    written = _write(Store("token", open_sqlite(history)))
    moved = _move("TokenCreated", tmp_path / "moved")

    module_today, state_today = _told(ROOT, history)
    module_moved, state_moved = _told(moved, history)

    assert (module_today, module_moved) == ("services.token.events", "services.token.moved")
    assert state_moved == state_today
    assert f'"version": {written.version}' in state_today


def test_a_stored_topic_is_never_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = tmp_path / "imported"
    (tmp_path / "evilmod.py").write_text(f"open({str(trace)!r}, 'x').close()\nclass Evil: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    recorder = open_sqlite(tmp_path / "token.sqlite")
    recorder.insert_events([StoredEvent(AppTokens.id_of(APP), 1, "evilmod:Evil", b"{}")])

    with pytest.raises(UnknownTopic, match="evilmod:Evil"):
        Store("token", recorder).load(AppTokens, APP)

    assert "evilmod" not in sys.modules
    assert not trace.exists()
    importlib.import_module("evilmod")
    assert trace.exists(), "an import would have left no trace"
    del sys.modules["evilmod"]


def test_two_event_classes_cannot_have_one_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    topic, table = ListingSeen.TOPIC, dict(Event.TABLE)
    monkeypatch.setitem(Event.TABLE, topic, ListingSeen)

    with pytest.raises(TypeError, match=f"topic {topic} names ListingSeen already"):

        class Again(Event, topic=topic, line="once more"):
            pass

    assert table == Event.TABLE


def _write(store: Store) -> AppTokens:
    tokens = store.load(AppTokens, APP)
    tokens.see_listing(
        ListingSeen(app_key=APP, partner_id="example", status="private", hosting="cloud")
    )
    tokens.see_version(7, "private")
    for note in ("spare", None, "for Bob", "old"):
        tokens.create("ann", note, NOW, Rules())
    tokens.apply(2, "site-a", NOW, Rules())
    tokens.apply(3, "site-b", NOW, Rules())
    tokens.see_clear(3, "site-b")
    tokens.remove(4)
    meta = Meta(actor="ann", command_id="c", correlation_id="f", causation_id="c", time=NOW)
    store.commit(store.draft([tokens], meta))
    return tokens


def _move(name: str, tree: Path) -> Path:
    """A copy of the code in which that event of the token service lives in `moved.py`."""
    for package in ("services", "shared"):
        shutil.copytree(ROOT / package, tree / package, ignore=CACHES)
    events = tree / "services/token/events.py"
    source = events.read_text()
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    text = next(ast.get_source_segment(source, node) for node in classes if node.name == name)
    assert text is not None
    imports = source.partition("\n\n\nclass ")[0]
    events.with_name("moved.py").write_text(f"{imports}\n\n\n{text}\n")
    events.write_text(source.replace(text, f"from services.token.moved import {name}"))
    return tree


def _told(tree: Path, history: Path) -> list[str]:
    """The module of TokenCreated and the state, as the code in `tree` reads the history."""
    return subprocess.run(
        [sys.executable, "-c", TOLD_BY_HISTORY, history],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.splitlines()
