"""A play as it is written, in YAML, and checked before anything is sent."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Discriminator, Field, JsonValue, Tag, ValidationError

from shared.messages import Command, Event, Message, Query, Request
from shared.names import AccountId

MAX_FILE = 1024 * 1024
"""Bytes of a file."""
_NAME = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")
Fields = dict[str, JsonValue]
Value = str | int | float | bool


class BadPlay(Exception):
    """A play, or a step of it, can't be played."""


class Step(Message):
    """One thing to do. One with a `name`, a sentence, begins what has to hold together."""

    name: str | None = None
    fields: Fields = Field({}, alias="with")


class Asking(Step):
    """A step in which an account asks a service."""

    actor: AccountId = Field("operator", alias="as")
    refused: str | None = None
    """The code with which it has to be refused."""
    keep: dict[str, str] = Field({})
    """Names for what stands in the result or answer, such as `link: links.private`."""


class Ask(Asking):
    """Ask a query; `answer` is what has to be in its answer."""

    query: str
    answer: Fields = Field({})


class Send(Asking):
    """Send a command, perhaps several times; `result` is what has to be in its result."""

    send: str
    result: Fields = Field({})
    repeat: Annotated[int, Field(ge=1, le=10_000)] = 1


class See(Step):
    """Wait for an event with these fields that no other step has seen."""

    see: str


def _kind(step: Any) -> str | None:
    keys = step if isinstance(step, Mapping) else getattr(step, "__dict__", ())
    return next((key for key in ("send", "query", "see") if key in keys), None)


AnyStep = Annotated[
    Annotated[Send, Tag("send")] | Annotated[Ask, Tag("query")] | Annotated[See, Tag("see")],
    Discriminator(_kind, custom_error_type="step", custom_error_message="send, query or see?"),
]


class Play(Message):
    """Steps in their order; `parameters` may be set, and have to be where they have no value."""

    title: str
    parameters: dict[str, Value | None] = Field({})
    steps: Annotated[tuple[AnyStep, ...], Field(min_length=1)]

    def values(self, given: Mapping[str, str]) -> dict[str, Any]:
        """The parameters with what was given for them; raises BadPlay."""
        known = ", ".join(self.parameters) or "none"
        for name in given.keys() - self.parameters:
            raise BadPlay(f"it has no parameter {name}, but {known}")
        values = self.parameters | dict(given)
        missing = [name for name, value in values.items() if value is None]
        if missing:
            raise BadPlay(f"it needs a value for {', '.join(missing)}")
        return values

    def check(self, values: Mapping[str, Any]) -> None:
        """Raises BadPlay for the first step that can't be played, whatever happens before it."""
        known = set(values)
        for number, step in enumerate(self.steps, 1):
            place = f"step {number}"
            unknown = set(_names(step.model_dump())) - known
            if unknown:
                raise BadPlay(f"{place}: nothing before it is called {', '.join(sorted(unknown))}")
            kind = _kind_of(step, place)
            strange = step.fields.keys() - kind.model_fields
            if strange:
                raise BadPlay(f"{place}: {kind.__name__} has no {', '.join(sorted(strange))}")
            if isinstance(step, Send | Ask):
                if set(_names(step.fields)) <= set(values):
                    asked(step, values, place)
                known |= step.keep.keys()


def read(path: Path) -> Play:
    """The play in a file; raises OSError and BadPlay."""
    with path.open("rb") as file:
        text = file.read(MAX_FILE + 1)
    if len(text) > MAX_FILE:
        raise BadPlay(f"it has more than {MAX_FILE} bytes")
    try:
        return Play.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise BadPlay(f"it is no YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise BadPlay(_told(error)) from None


def asked(step: Send | Ask, values: Mapping[str, Any], place: str = "") -> Request:
    """The command or query of a step; raises BadPlay."""
    kind = _kind_of(step, place)
    try:
        request = kind.model_validate(filled(step.fields, values), strict=False)
    except ValidationError as error:
        raise BadPlay(f"{place}: {_told(error)}") from None
    assert isinstance(request, Request)  # noqa: S101  # a step names commands and queries only
    return request


def filled(data: Any, values: Mapping[str, Any]) -> Any:
    """The data with the values of `${name}` in them; what is only a name gets the value itself.

    Raises BadPlay for a name without a value.
    """
    match data:
        case str():
            absent = set(_names(data)) - set(values)
            if absent:
                raise BadPlay(f"{', '.join(sorted(absent))} was not kept by a step before")
            only = _NAME.fullmatch(data)
            if only is not None:
                return values[only[1]]
            return _NAME.sub(lambda name: str(values[name[1]]), data)
        case Mapping():
            return {key: filled(value, values) for key, value in data.items()}
        case list() | tuple():
            return [filled(value, values) for value in data]
    return data


def _names(data: Any) -> Iterator[str]:
    """All that is named in there by `${name}`."""
    match data:
        case str():
            yield from _NAME.findall(data)
        case Mapping():
            for value in data.values():
                yield from _names(value)
        case list() | tuple():
            for value in data:
                yield from _names(value)


def _kind_of(step: Step, place: str) -> type[Message]:
    tables: dict[str, dict[str, type[Message]]] = {
        "command": {name: kind for (_, name), kind in Command.TABLE.items()},
        "query": {name: kind for (_, name), kind in Query.TABLE.items()},
        "event": {kind.__name__: kind for kind in Event.TABLE.values()},
    }
    match step:
        case Send(send=name):
            of = "command"
        case Ask(query=name):
            of = "query"
        case See(see=name):
            of = "event"
    if name not in tables[of]:
        raise BadPlay(f"{place}: there is no {of} {name}")
    return tables[of][name]


def _told(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, problem['loc'])) or 'play'}: {problem['msg']}"
