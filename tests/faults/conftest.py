"""How much goes wrong: some in every run of the tests, much more in `make faults`."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import pytest

from tests.clients.sample_app import SampleApp, sample_app
from tests.faults import story
from tests.faults.story import Left, told

FAULTS = Path(__file__).parent
Size = Literal["some", "short", "long"]
"""In `make test`, in each run of everything, and in `make faults`."""
SIZES: tuple[Size, ...] = get_args(Size)
SIZE: Size = next(size for size in SIZES if size == os.environ.get("GUESTLIST_FAULTS", "some"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts servers; what belongs to a larger size isn't in a smaller one."""
    for item in items:
        if item.path.is_relative_to(FAULTS):
            item.add_marker(pytest.mark.flow)
    items[:] = [item for item in items if _is_in(item)]


@pytest.fixture(scope="module")
def app() -> Iterator[SampleApp]:
    """The app of the story, the same for every telling."""
    with sample_app(story.APP) as served:
        yield served


@pytest.fixture(scope="module")
async def alive(tmp_path_factory: pytest.TempPathFactory, app: SampleApp) -> Left:
    """What is left of the story when nothing goes wrong."""
    return await told(tmp_path_factory.mktemp("alive") / "house", app)


def size(least: Size) -> Callable[[Any], Any]:
    """Only from that size on."""
    return pytest.mark.size(least)


def _is_in(item: pytest.Item) -> bool:
    marked = item.get_closest_marker("size")
    return marked is None or SIZES.index(marked.args[0]) <= SIZES.index(SIZE)
