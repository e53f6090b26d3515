"""The forms in which a command tells what it has to tell: for people, and for programs."""

import sys
from collections.abc import Callable, Sequence
from enum import Enum
from functools import wraps
from inspect import Parameter, Signature, signature
from types import TracebackType
from typing import Annotated, Any, Self, get_args, get_origin

import typer

from services.cli.output import Row, json_line, table
from services.cli.stop import WRONG_USE, Stop
from services.cli.told import ToldEvent
from shared.messages import Message


class Form(Enum):
    """`json` is one document, an array where there is much to tell; `jsonl` a line for each."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CLOUDEVENTS = "cloudevents"
    NONE = "none"


class Printer:
    """Prints what one command tells. Use it as `with`: it ends what it began.

    `tells`: the type of the JSON document, a message or a list of them.
    """

    def __init__(self, form: Form, tells: Any) -> None:
        self._form = form
        self._many = get_origin(tells) is list
        self._told = 0
        self.reveal = False
        """Whether tokens are printed whole."""
        if form is Form.CLOUDEVENTS and not _tells_events(tells):
            raise _no_event()

    @property
    def for_people(self) -> bool:
        """Whether people read it."""
        return self._form is Form.TABLE

    @property
    def on_terminal(self) -> bool:
        """Whether people read it at once."""
        return self.for_people and sys.stdout.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._form is Form.JSON and self._many and not isinstance(error, OSError):
            if self._told:
                table([("]",)])
            elif error is None:
                json_line([])

    def tell(self, told: Message, rows: Sequence[Row], least: Sequence[int] = ()) -> None:
        """Print one more message: as data, or for people as these rows."""
        self._told += 1
        match self._form:
            case Form.TABLE:
                table(rows, least=least, reveal=self.reveal)
            case Form.JSON if self._many:
                self._json(told, before="[" if self._told == 1 else ",")
            case Form.JSON if self._told == 1:
                self._json(told)
            case Form.JSONL:
                self._json(told)
            case Form.CLOUDEVENTS if isinstance(told, ToldEvent):
                json_line(told.cloudevent())
            case Form.CLOUDEVENTS:
                raise _no_event()

    def say(self, text: str = "") -> None:
        """Print a line for people only."""
        if self.for_people:
            table([(text,)])

    def _json(self, told: Message, before: str = "") -> None:
        json_line(told.model_dump(mode="json"), before=before, reveal=self.reveal)


def _no_event() -> Stop:
    detail, then = "only events can be told as CloudEvents", "guestlist audit -o cloudevents"
    return Stop(WRONG_USE, "wrong-use", detail, "as by", then)


def _tells_events(tells: Any) -> bool:
    """Whether what a list has may be events."""
    kinds = [kind for row in get_args(tells) for kind in (row, *get_args(row))]
    return any(isinstance(kind, type) and issubclass(kind, ToldEvent) for kind in kinds)


_FORM = Annotated[
    Form,
    typer.Option("-o", "--output", help="cloudevents for events only; none for the exit code."),
]
_JSON = Annotated[bool, typer.Option("--json", help="Short for -o json; errors are JSON too.")]


def formed(function: Callable[..., None], tells: Any) -> Callable[..., None]:
    """A command that is given a printer as `out`, with the options that choose its form."""

    @wraps(function)
    def run(*, output: Form, as_json: bool, **given: Any) -> None:
        with Printer(Form.JSON if as_json else output, tells) as out:
            function(out=out, **given)

    options = [
        Parameter("output", Parameter.KEYWORD_ONLY, default=Form.TABLE, annotation=_FORM),
        Parameter("as_json", Parameter.KEYWORD_ONLY, default=False, annotation=_JSON),
    ]
    given = [
        row.replace(kind=Parameter.KEYWORD_ONLY)
        for row in signature(function, eval_str=True).parameters.values()
        if row.name != "out"
    ]
    run.__signature__ = Signature([*given, *options])  # type: ignore[attr-defined]  # for typer
    return run


def as_json(typed: Sequence[str]) -> bool:
    """Whether that asks for data, however the rest of it is to be read."""
    words = typed[: typed.index("--")] if "--" in typed else typed
    data = {form.value for form in Form} - {Form.TABLE.value, Form.NONE.value}
    return "--json" in words or any(
        word.removeprefix("--output=").removeprefix("-o") in data
        or (word in {"-o", "--output"} and following in data)
        for word, following in zip(words, [*words[1:], ""], strict=True)
        if word.startswith("-")
    )
