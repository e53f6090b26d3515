"""Holds the AsyncAPI document against the schema that its specification publishes.

The schema is that of the npm package @asyncapi/specs, for the version that the document names.
"""

import copy
import json
import sys
from pathlib import Path

from jsonschema import Draft7Validator

from services.cli.output import line
from services.documents.asyncapi import document


def main() -> int:
    """Give 1 and tell what is wrong when the document, or the look at it, is no good."""
    told = document()
    file = Path(sys.argv[1]) / f"{told['asyncapi']}-without-$id.json"
    specification = Draft7Validator(json.loads(file.read_text()))
    wrong = [
        f"{error.json_path}: {error.message[:300]}" for error in specification.iter_errors(told)
    ]
    broken = copy.deepcopy(told)
    del next(iter(broken["operations"].values()))["action"]
    if specification.is_valid(broken):
        wrong.append("an operation without an action wasn't noticed")
    for problem in wrong:
        line(problem, error=True)
    line(
        f"{len(told['operations'])} operations, AsyncAPI {told['asyncapi']}: {len(wrong)} problems"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
