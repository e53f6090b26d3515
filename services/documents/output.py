"""What each command prints as JSON, as one JSON Schema: a definition for each, and `error`."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from services.cli.main import COMMANDS
from services.cli.told import Problem


def schema() -> dict[str, Any]:
    """The schema as JSON data; `#/$defs/<command>` is what `guestlist <command> --json` prints."""
    told = {row.name: row.tells for row in COMMANDS if row.tells is not None} | {"error": Problem}
    adapters = [(name, "serialization", TypeAdapter(kind)) for name, kind in told.items()]
    by_name, definitions = TypeAdapter.json_schemas(adapters)  # type: ignore[arg-type]  # a mode
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "What the commands of guestlist print with --json",
        "$defs": definitions["$defs"] | {name: row for (name, _), row in by_name.items()},
    }
