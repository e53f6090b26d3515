"""A flow has all that one command led to, whatever its id is."""

from pathlib import Path

import pytest

from services.history.flows import flow
from services.history.progress import Progress
from services.token.commands import CreateToken
from shared import clock
from shared.messages import Envelope
from tests.world import World

APP = "com.example.flow"


@pytest.mark.parametrize("id_", ["plain", "Prüfung ☃ 𝄞", 'quote " slash \\ tab \t unit \x1f \x7f'])
async def test_a_flow_has_its_commands_and_their_events(tmp_path: Path, id_: str) -> None:
    world = World(tmp_path)
    await world.list_app(APP)
    envelope = Envelope(id="create", actor="ann", time=clock.now(), correlation_id=id_)
    assert (await world.ask(CreateToken(app_key=APP), envelope)).status == "accepted"
    nodes = flow(world.stores.values(), id_, Progress())
    assert [(node.kind, node.depth) for node in nodes] == [("command", 0), ("event", 1)]
    world.leave()


async def test_what_is_no_text_names_no_flow(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.list_app(APP)
    assert flow(world.stores.values(), "\udcff", Progress()) == []
    world.leave()
