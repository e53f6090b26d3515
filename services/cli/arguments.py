"""What was typed, read as a request."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from services.cli.stop import WRONG_USE, Stop
from services.contract import SERVICES
from shared import clock
from shared.messages import Command, Envelope, Query, Request
from shared.names import Position
from shared.requests import MAX_BODY

R = TypeVar("R", bound=Request)
Table = Mapping[tuple[str, str], type[R]]

_PLAIN = {"extra_forbidden": "no such field", "missing": "missing"}
_OPTIONS = {"id": "--id", "actor": "--as"}
_STDIN = "-"
_LAST = 10**15 - 1


def request(table: Table[R], name: str, typed: Sequence[str]) -> R:
    """The command or query of that name; raises Stop.

    `typed` is one JSON object, taken as it is, or has a FIELD=VALUE each. As the value of the
    field that may hold an access token, `@PATH` stands for what the file holds, and `-` for
    what stdin does: arguments are seen by everyone in a list of processes. A field that has
    several values takes them between commas.
    """
    kind = _kind(table, name)
    try:
        if len(typed) == 1 and typed[0].lstrip().startswith("{"):
            return kind.model_validate_json(typed[0].encode(errors="surrogateescape"))
        return kind.model_validate(_listed(kind, _fields(typed, kind.SECRET)), strict=False)
    except ValidationError as error:
        fields = kind.model_fields.items()
        needed = [name for name, field in fields if field.is_required()]
        known = [*needed, *(f"[{name}]" for name, field in fields if name not in needed)]
        hint = f"fields of {name}, in brackets what may be left out: {' '.join(known)}"
        raise Stop(WRONG_USE, "bad-request", problems(error), hint) from None


def service(name: str) -> str:
    """A service of that name; raises Stop when there is none."""
    if name not in SERVICES:
        hint = f"one of {', '.join(SERVICES)}"
        raise Stop(WRONG_USE, "unknown-service", f"there is no {name}", hint)
    return name


def place(text: str) -> Position:
    """An aggregate, as the position after all that happened to it, or an event; raises Stop."""
    try:
        return Position.parse(text.lower() if "@" in text else f"{text.lower()}@{_LAST}")
    except ValueError:
        detail = f"{text}: an aggregate is written <service>/<kind>/<id>"
        hint = "as token/tokens/com.example.app or installation/site/my-site"
        raise Stop(WRONG_USE, "bad-request", detail, hint) from None


def way(name: str) -> str:
    """The command of `guestlist` that asks what has that name: `send` or `query`."""
    return "query" if any(name == known for _, known in Query.TABLE) else "send"


def check(actor: str, request_id: str) -> None:
    """Raises Stop when these can't be who asks and the id of what is asked."""
    try:
        Envelope(id=request_id, actor=actor, time=clock.now(), correlation_id=request_id)
    except ValidationError as error:
        problem = error.errors()[0]
        detail = f"{_OPTIONS[str(problem['loc'][0])]}: {problem['msg']}"
        hint = "accounts are of small letters, digits and -, ids of visible ASCII"
        raise Stop(WRONG_USE, "bad-request", detail, hint) from None


def problems(error: ValidationError) -> str:
    """What is wrong, by field, without the values: they may be secret."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'fields'}: "
        f"{_PLAIN.get(problem['type'], problem['msg'])}"
        for problem in error.errors(include_input=False, include_url=False)
    )


def _kind(table: Table[R], name: str) -> type[R]:
    kinds = {kind.__name__: kind for kind in table.values()}
    if name in kinds:
        return kinds[name]
    if any(name == other for _, other in (*Command.TABLE, *Query.TABLE)):
        detail = f"{name} is a {'query' if way(name) == 'query' else 'command'}"
        raise Stop(WRONG_USE, "unknown-name", detail, "ask", f"guestlist {way(name)} {name}")
    raise no_such(name, sorted(kinds))


def folder(data: Path) -> None:
    """Raises Stop when there is no such folder of `guestlist up`."""
    if not data.is_dir():
        detail, hint = f"there is no folder {data}", "name it with --data, or make it"
        raise Stop(WRONG_USE, "no-such-folder", detail, hint, "guestlist up")


def no_such(name: str, known: Sequence[str]) -> Stop:
    """What to raise when there is nothing of that name."""
    folded = {other.lower(): other for other in known}
    close = get_close_matches(name.lower(), folded, n=1)
    hint = f"did you mean {folded[close[0]]}?" if close else f"one of {', '.join(known)}"
    detail = f"there is no {name}" if name else "a name is missing"
    return Stop(WRONG_USE, "unknown-name", detail, hint)


def _fields(typed: Sequence[str], secret: str | None) -> dict[str, str]:
    fields: dict[str, str] = {}
    for text in typed:
        name, equals, value = text.partition("=")
        if not equals:
            hint = "write FIELD=VALUE for each field, or one JSON object"
            raise Stop(WRONG_USE, "bad-request", f"{text} is no FIELD=VALUE", hint)
        if name in fields:
            hint = "give each field once; several values stand between commas"
            raise Stop(WRONG_USE, "bad-request", f"{name} is given twice", hint)
        fields[name] = value
    if secret in fields:
        fields[secret] = _value(secret, fields[secret])
    return fields


def _listed(kind: type[Request], fields: Mapping[str, str]) -> dict[str, str | list[str]]:
    """The fields, with the several values of those that have them."""
    several = {name for name, field in kind.model_fields.items() if "tuple" in repr(field)}
    return {name: text.split(",") if name in several else text for name, text in fields.items()}


def _value(name: str, text: str) -> str:
    """The value that `text` stands for; a file without the end of its last line."""
    if text != _STDIN and not text.startswith("@"):
        return text
    source = 0 if text == _STDIN else text[1:]
    try:
        with open(source, encoding="utf-8", closefd=source != 0) as file:  # a path or stdin
            return file.read(MAX_BODY + 1).rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        hint = "a value that begins with @ names a file, except in a JSON object"
        raise Stop(WRONG_USE, "bad-request", f"{name}: {text}: {reason}", hint) from None
