"""What the pages on history, audit and hooks show is printed on the data of the demo."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from tests.clients.command import on_terminal
from tests.clients.ports import free_port
from tests.flows.tap import TappedSupervisor
from tests.flows.test_history import told
from tests.history.trees import LIMIT_51, copied

pytestmark = pytest.mark.extra
DOCS = Path(__file__).parents[2] / "docs"
SIGNER = re.compile(r"\b[0-9a-f]{16}\b")


@pytest.fixture(scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data of the demo."""
    folder: Path = tmp_path_factory.mktemp("demo")
    data = folder / ".guestlist"
    played = await on_terminal("--data", data, program=(sys.executable, "-m", "tests.demo"))
    assert played.code == 0
    copied(folder / "limit-51", LIMIT_51)
    return folder


@pytest.mark.parametrize("page", ["history", "verify", "replay", "archive"])
async def test_the_page_shows_what_is_printed(demo: Path, page: str) -> None:
    await expect_shown(demo, page)


async def test_the_pages_of_a_house_at_work_show_what_is_printed(demo: Path) -> None:
    async with TappedSupervisor(demo / ".guestlist", port=free_port()):
        await expect_shown(demo, "audit")
        await expect_shown(demo, "hooks")


async def expect_shown(demo: Path, page: str) -> None:
    """What a page shows is what is printed on the data of the demo."""
    text = (DOCS / f"{page}.md").read_text()
    requested = (await told(demo / ".guestlist", "installation/site/site-a"))[2]
    words = {"FLOW": requested["correlation_id"]}
    shown = re.findall(r"^\$ guestlist (.*)\n((?:(?!\$ |```).*\n)*)", text, re.MULTILINE)
    assert len(shown) == text.count("$ guestlist ")
    for command, output in shown:
        typed = [words.get(word, word) for word in shlex.split(command)]
        printed = (await on_terminal(*typed, folder=demo)).out
        words |= dict(zip(SIGNER.findall(output), SIGNER.findall(printed), strict=False))
        assert _timeless(printed) == _timeless(output)


def _timeless(text: str) -> str:
    """The same whenever it happened."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r"\b[0-9a-f]{32}-", "PLAY-", text)
    text = SIGNER.sub("SIGNER", re.sub(r"127\.0\.0\.1:\d+", "NATS", text))
    text = re.sub(r"jwt=[\w.…-]+", "jwt=JWT", text)
    return re.sub(r"\d+ (?:s|min) ago *|\+?[\d.]+ ms *", "AGO ", text)
