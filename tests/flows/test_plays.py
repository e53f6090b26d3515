"""Plays do what they say, say what didn't come, and are refused whole when they can't be played."""

import json
import re
from pathlib import Path
from typing import Any

import nats
import pytest
import yaml

from services.cli.told import Held
from services.play.player import WHOLE
from services.supervisor import Supervisor
from shared.client import Client
from shared.subjects import EVENTS
from tests.clients import sample_app as sample
from tests.clients.command import Ended, guestlist, on_terminal
from tests.clients.sample_app import sample_app
from tests.flows import acting
from tests.flows.test_readme import pattern

DOCS = Path(__file__).parents[2] / "docs"
PLAYS = {"private-app": {}, "tokens": {"partner": "seeded", "site": "seeded"}}
"""The files, and what else is set in them here, as they share a house."""
PAGE = (DOCS / "plays.md").read_text()
(WRITTEN,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
((TYPED, SHOWN),) = re.findall(
    r"^```console\n\$ guestlist (.*?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
)
ORGANISATION = {"organisation": "P"}
REGISTER = {"send": "RegisterPartner", "with": {"partner_id": "p"} | ORGANISATION}
LISTING = {"query": "Listing", "with": {"app_key": "${app}"}}
BAD = {
    "no YAML": ("steps: [", "it is no YAML: "),
    "a list": ("[]", "play: Input should be"),
    "no title": ({"steps": [REGISTER]}, "title: Field required"),
    "no step": ({"title": "t", "steps": []}, "steps: Tuple should have at least 1"),
    "an unknown member": ({"title": "t", "steps": [REGISTER], "x": 1}, "x: Extra inputs"),
    "a step that does nothing": ({"title": "t", "steps": [{"name": "n"}]}, "send, query or see?"),
    "a step that is text": ({"title": "t", "steps": ["send"]}, "send, query or see?"),
    "a step that holds itself": ("title: t\nsteps: &a [*a]", "send, query or see?"),
    "data that hold themselves": (
        "title: t\nsteps: [{see: TokenCreated, with: &a {note: *a}}]",
        "steps.0.see.with",
    ),
    "a step that does two": ({"title": "t", "steps": [REGISTER | {"see": "x"}]}, "see: Extra"),
    "an unknown command": ({"title": "t", "steps": [{"send": "Register"}]}, "no command Register"),
    "an unknown query": ({"title": "t", "steps": [{"query": "Lists"}]}, "no query Lists"),
    "an unknown event": ({"title": "t", "steps": [{"see": "Seen"}]}, "no event Seen"),
    "an unknown field": (
        {"title": "t", "steps": [REGISTER, {"see": "TokenCreated", "with": {"x": 1}}]},
        "step 2: TokenCreated has no x",
    ),
    "a missing field": ({"title": "t", "steps": [{"send": "CreateToken"}]}, "app_key: Field requ"),
    "a wrong value": (
        {"title": "t", "steps": [{"send": "CreateToken", "with": {"app_key": "a b"}}]},
        "step 1: app_key: String should match",
    ),
    "a wrong actor": ({"title": "t", "steps": [REGISTER | {"as": "Ann"}]}, "as: String should"),
    "an unknown name": ({"title": "t", "steps": [LISTING]}, "nothing before it is called app"),
    "a name of a later step": (
        {"title": "t", "steps": [LISTING, LISTING | {"keep": {"app": "app_key"}}]},
        "step 1: nothing before it is called app",
    ),
    "a parameter without a value": (
        {"title": "t", "parameters": {"app": None}, "steps": [LISTING]},
        "it needs a value for app",
    ),
}
"""What is wrong: the file, and a part of what is said."""


async def play(house: Supervisor, written: Any, folder: Path, *options: str) -> Ended:
    """Play what is written, text or data."""
    file = folder / "play.yaml"
    file.write_text(written if isinstance(written, str) else yaml.safe_dump(written))
    return await guestlist("play", file, *options, settings={"GUESTLIST_DATA": str(house.data)})


def held(ended: Ended) -> dict[str, str | None]:
    """What was missing, by sentence."""
    rows = [Held.model_validate(row) for row in json.loads(ended.out)]
    return {row.sentence: row.missing for row in rows}


@pytest.mark.parametrize("name", PLAYS)
async def test_each_play_holds_and_again_under_its_id_nothing_more_is_done(
    house: Supervisor, name: str
) -> None:
    settings = {"GUESTLIST_DATA": str(house.data)}
    with sample_app(sample.JWT | {"key": f"com.example.{name}"}) as app:
        given = {"app": app.descriptor["key"], "descriptor_url": app.url} | PLAYS[name]
        typed = [text for row in given.items() for text in ("--set", "=".join(row))]
        typed = ["play", str(DOCS / f"plays/{name}.yaml"), *typed, "--id", name]
        first = await guestlist(*typed, "--json", settings=settings)
        assert (first.code, first.err) == (0, ""), first.out
        await acting.quiet(house)
        before = acting.kept(house)
        again = await guestlist(*typed, settings=settings)
    assert acting.kept(house) == before
    accepted = re.findall(r"accepted (.*)$", again.out, re.MULTILINE)
    assert accepted
    assert all(row.endswith(" (already done, same reply)") for row in accepted)


def test_each_file_is_played() -> None:
    assert {path.stem for path in DOCS.glob("plays/*")} == set(PLAYS)


async def test_the_seed_makes_what_it_says(house: Supervisor, client: Client) -> None:
    with sample_app({"key": "com.example.seed"}) as app:
        given = ("app=com.example.seed", f"descriptor_url={app.url}", "partner=seed", "site=seed")
        typed = [text for row in given for text in ("--set", row)]
        file = DOCS / "plays/tokens.yaml"
        settings = {"GUESTLIST_DATA": str(house.data)}
        assert (await guestlist("play", file, *typed, settings=settings)).code == 0
    assert len(await acting.tokens_of(client, "com.example.seed")) == 45


async def test_the_play_of_the_page_prints_what_the_page_shows(
    house: Supervisor, tmp_path: Path
) -> None:
    name, *options = TYPED.removeprefix("play ").split()
    (tmp_path / name).write_text(WRITTEN)
    ended = await on_terminal(
        "play", tmp_path / name, *options, settings={"GUESTLIST_DATA": str(house.data)}
    )
    assert ended.code == 0, ended.out
    assert pattern(SHOWN).fullmatch(ended.out), ended.out


@pytest.mark.extra
@pytest.mark.parametrize("bad", BAD)
async def test_what_cannot_be_played_is_refused_before_its_first_step(
    house: Supervisor, tmp_path: Path, bad: str
) -> None:
    written, part = BAD[bad]
    await acting.quiet(house)
    before = acting.kept(house)
    ended = await play(house, written, tmp_path, "--json")
    assert (ended.code, ended.out) == (2, "")
    problem = json.loads(ended.err)
    assert problem["code"] == "bad-play"
    assert part in problem["detail"]
    assert acting.kept(house) == before


async def test_parameters_are_given_as_the_play_has_them(house: Supervisor, tmp_path: Path) -> None:
    written = {"title": "t", "steps": [REGISTER]}
    unknown = await play(house, written, tmp_path, "--set", "x=1")
    assert (unknown.code, unknown.out) == (2, "")
    assert "it has no parameter x, but none" in unknown.err
    unreadable = await play(house, written, tmp_path, "--set", "x")
    assert (unreadable.code, unreadable.err.partition(":")[0]) == (2, "wrong-use")
    absent = await guestlist("play", tmp_path / "absent", settings={"GUESTLIST_DATA": "."})
    assert (absent.code, absent.err.partition(":")[0]) == (2, "no-such-file")


async def test_what_does_not_hold_is_named_and_the_rest_is_played(
    house: Supervisor, tmp_path: Path
) -> None:
    partner = {"partner_id": "holds", "organisation": "H"}
    seen = {"see": "PartnerRegistered", "with": {"partner_id": "holds"}}
    asked = {"query": "Partner", "as": "ann", "with": {"partner_id": "holds"}}
    steps: list[dict[str, Any]] = [
        {"name": "registers", "send": "RegisterPartner", "as": "ann", "with": partner},
        {"name": "again", "send": "RegisterPartner", "as": "ann", "with": partner},
        {
            "name": "refused otherwise",
            "send": "RegisterPartner",
            "with": partner,
            "refused": "bad-request",
        },
        {"name": "seen", **seen},
        {"name": "seen twice", **seen},
        {"name": "seen otherwise", "see": "PartnerRegistered", "with": {"partner_id": "other"}},
        {"name": "asked", **asked, "answer": {"organisation": "H", "members": ["ann"]}},
        {"name": "asked otherwise", **asked, "answer": {"organisation": "I"}},
        {"name": "answered", **asked, "refused": "unknown-partner"},
        {"name": "kept", **asked, "keep": {"member": "members.1"}},
        {"name": "uses what wasn't kept", **asked, "as": "ann", "answer": {"url": "${member}"}},
    ]
    ended = await play(house, {"title": "t", "steps": steps}, tmp_path, "--json", "--within", "0.3")
    assert ended.code == 1
    assert held(ended) == {
        "registers": None,
        "again": "RegisterPartner was refused with partner-exists, not accepted",
        "refused otherwise": "RegisterPartner was refused with partner-exists, not refused with "
        "bad-request",
        "seen": None,
        "seen twice": "the event PartnerRegistered was not seen",
        "seen otherwise": "the event PartnerRegistered was not seen",
        "asked": None,
        "asked otherwise": "Partner: organisation is 'H', not 'I'",
        "answered": "Partner was answered, not refused with unknown-partner",
        "kept": "Partner gave no members.1",
        "uses what wasn't kept": "member was not kept by a step before",
        WHOLE: None,
    }


async def test_an_event_that_is_told_twice_is_found(house: Supervisor, tmp_path: Path) -> None:
    written = {"title": "t", "steps": [REGISTER | {"with": {"partner_id": "q"} | ORGANISATION}]}
    assert (await play(house, written, tmp_path, "--id", "twice")).code == 0
    connection = await nats.connect(house.url)
    stream = connection.jetstream()
    told = await stream.get_last_msg(EVENTS, "evt.listing.PartnerRegistered._")
    again = {name: text for name, text in (told.headers or {}).items() if "Nats" not in name}
    await stream.publish(str(told.subject), told.data or b"", headers=again)
    await connection.close()
    ended = await play(house, written, tmp_path, "--id", "twice", "--json")
    assert ended.code == 1
    assert held(ended)[WHOLE] == "listing/partner/q has the versions [1, 1]"
