"""Plays a play: sends and asks in order, watches the audit stream, and tells what held."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from services.cli.told import Held
from services.play.script import AnyStep, Ask, BadPlay, Play, See, Send, asked, filled
from shared.client import Client, NoReply
from shared.messages import Accepted, Answered, Command, Query, Request
from shared.names import Position
from shared.published import Published
from shared.tasks import end

WHOLE = "The audit stream has every event once and in order"
"""The sentence that has to hold in each play."""


class Missing(Exception):
    """Something that the play needs did not happen."""


class Player:
    """Plays once. `id_` begins the ids of all commands, so the same again is done once.

    `within`: seconds in which an event has to be seen. `say` is told each line for people.
    """

    def __init__(
        self,
        client: Client,
        play: Play,
        values: Mapping[str, Any],
        *,
        id_: str,
        within: float,
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._play = play
        self._values = dict(values)
        self._id = id_
        self._within = within
        self._say = say
        self._seen: list[Published] = []
        self._matched: set[Position] = set()
        self._expected: set[Position] = set()
        """What replies named, and the audit stream has to tell."""
        self._arrived = asyncio.Event()
        self.held: list[Held] = []

    async def play(self, *, after: int) -> None:
        """Play it; `after` is the place in the audit stream from which events are looked at.

        Raises NoReply when no reply comes; then what is left is not played.
        """
        following = asyncio.create_task(self._follow(after))
        try:
            for name, steps in self._sentences():
                await self._hold(name, self._do(steps))
            await self._hold(WHOLE, self._see_the_whole(after))
        finally:
            await end(following)

    def _sentences(self) -> Iterator[tuple[str, list[tuple[int, AnyStep]]]]:
        """The steps, numbered, by the sentence to which they belong."""
        name = self._play.title
        steps: list[tuple[int, AnyStep]] = []
        for number, step in enumerate(self._play.steps, 1):
            if step.name is not None:
                if steps:
                    yield name, steps
                name, steps = step.name, []
            steps.append((number, step))
        yield name, steps

    async def _hold(self, sentence: str, work: Awaitable[None]) -> None:
        """Do what has to hold, and note whether it did."""
        self._say("")
        self._say(sentence)
        try:
            await work
            self.held.append(Held(sentence=sentence, held=True))
        except (Missing, BadPlay, NoReply) as missing:
            self._say(f"      MISSING: {missing}")
            self.held.append(Held(sentence=sentence, held=False, missing=str(missing)))
            if isinstance(missing, NoReply):
                raise

    async def _do(self, steps: Sequence[tuple[int, AnyStep]]) -> None:
        for number, step in steps:
            match step:
                case See():
                    await self._see(step)
                case Ask():
                    await self._ask(number, step)
                case Send():
                    for count in range(step.repeat):
                        await self._send(number, step, count)

    async def _send(self, number: int, step: Send, count: int) -> None:
        command = self._asked(number, step)
        assert isinstance(command, Command)  # noqa: S101  # as the step says
        if count == 0:
            self._tell(step.actor, command, step.repeat)
        id_ = f"{self._id}-{number}-{count + 1}"
        reply = await self._client.send(command, actor=step.actor, command_id=id_)
        outcome = reply.position if isinstance(reply, Accepted) else reply.code
        again = " (already done, same reply)" if getattr(reply, "repeated", False) else ""
        self._say(f"            {reply.status} {outcome}{again}")
        self._compare(step.send, "accepted", reply, step.refused)
        if isinstance(reply, Accepted):
            self._expected |= {Position.parse(event.id) for event in reply.events}
            self._take(step.send, step.result, step.keep, reply.result)

    async def _ask(self, number: int, step: Ask) -> None:
        query = self._asked(number, step)
        assert isinstance(query, Query)  # noqa: S101  # as the step says
        self._tell(step.actor, query, 1)
        answer = await self._client.query(query, actor=step.actor)
        told = "answered" if isinstance(answer, Answered) else f"{answer.status} {answer.code}"
        self._say(f"            {told}")
        self._compare(step.query, "answered", answer, step.refused)
        if isinstance(answer, Answered):
            self._take(step.query, step.answer, step.keep, answer.data)

    async def _see(self, step: See) -> None:
        expected = filled(step.fields, self._values)

        def found() -> bool:
            for published in self._seen:
                if published.position not in self._matched and _is(published, step.see, expected):
                    self._matched.add(published.position)
                    return True
            return False

        if not await self._until(found):
            raise Missing(f"the event {step.see} was not seen")

    async def _see_the_whole(self, after: int) -> None:
        """Every event of every reply is seen, and in the stream no history has a gap or double."""
        if not await self._until(lambda: self._expected <= {row.position for row in self._seen}):
            absent = self._expected - {row.position for row in self._seen}
            raise Missing(f"{len(absent)} events were not seen, such as {min(absent)}")
        histories: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        async for published in self._client.events(after=after, follow=False):
            service, aggregate, version = published.position
            histories[service, aggregate].append(version)
        for (service, aggregate), versions in histories.items():
            if versions != list(range(versions[0], versions[0] + len(versions))):
                raise Missing(f"{service}/{aggregate} has the versions {versions}")

    async def _until(self, found: Callable[[], bool]) -> bool:
        """Whether that is found in what was seen, or in what is seen in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._within):
                while not found():
                    self._arrived.clear()
                    await self._arrived.wait()
                return True
        return False

    async def _follow(self, after: int) -> None:
        async for published in self._client.events(after=after):
            event = published.event()
            told = "" if event is None else event.line()
            self._say(f"      audit  {published.topic.partition('.')[2]:22} {told}")
            self._seen.append(published)
            self._arrived.set()

    def _asked(self, number: int, step: Send | Ask) -> Request:
        return asked(step, self._values, f"step {number}")

    def _tell(self, actor: str, request: Request, times: int) -> None:
        fields = request.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        told = " ".join(f"{name}={value}" for name, value in fields.items())
        repeated = f", {times} times" if times > 1 else ""
        self._say(f"  {actor:9} {type(request).__name__} {told}{repeated}")

    def _compare(self, name: str, wanted: str, reply: Any, refused: str | None) -> None:
        """Raises Missing when the reply isn't what was wanted."""
        if isinstance(reply, Accepted | Answered):
            if refused is not None:
                raise Missing(f"{name} was {wanted}, not refused with {refused}")
        elif refused is None or reply.code != refused:
            other = wanted if refused is None else f"refused with {refused}"
            raise Missing(f"{name} was {reply.status} with {reply.code}, not {other}")

    def _take(
        self, name: str, expected: dict[str, Any], keep: Mapping[str, str], found: Any
    ) -> None:
        """Compare what was given with what was expected, and keep what is asked for."""
        difference = _differs(filled(expected, self._values), found)
        if difference is not None:
            raise Missing(f"{name}: {difference}")
        for kept, path in keep.items():
            value = found
            for part in path.split("."):
                try:
                    value = value[int(part)] if isinstance(value, list) else value[part]
                except (LookupError, TypeError, ValueError):
                    raise Missing(f"{name} gave no {path}") from None
            self._values[kept] = value


def _is(published: Published, name: str, expected: Any) -> bool:
    """Whether that is an event of that name with the expected fields."""
    event = published.event()
    named = event is not None and type(event).__name__ == name
    return named and _differs(expected, json.loads(published.body)) is None


def _differs(expected: Any, found: Any, place: str = "") -> str | None:
    """Where what was found has not what was expected; None when all of it is there."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name, value in expected.items():
            difference = _differs(value, found.get(name), f"{place}.{name}".removeprefix("."))
            if difference is not None:
                return difference
        return None
    if str(expected) == str(found):
        return None
    return f"{place or 'it'} is {found!r}, not {expected!r}"
