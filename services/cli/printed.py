"""A command as another tool would send it."""

import json
import shlex
from enum import Enum

from shared import headers
from shared.messages import Command
from shared.subjects import Address

_PYTHON = """\
import asyncio
import os

from shared.client import Client
from {module} import {name}


async def main() -> None:
    async with await Client.open(os.environ["GUESTLIST_NATS"], {actor!r}) as client:
        command = {name}.model_validate_json({body!r})
        print(await client.send(command, command_id={id_!r}, dry_run={dry_run}))


asyncio.run(main())
"""


class Tool(Enum):
    """Other ways to send a command. Both take the server's address from GUESTLIST_NATS."""

    NATS = "nats"
    PYTHON = "python"


def printed(tool: Tool, command: Command, actor: str, id_: str, *, dry_run: bool) -> str:
    """The command line of `nats`, or a Python program, that sends `command`."""
    name = type(command).__name__
    body = json.dumps(command.model_dump(mode="json", exclude_none=True), ensure_ascii=True)
    if tool is Tool.PYTHON:
        return _PYTHON.format(
            module=type(command).__module__,
            name=name,
            actor=actor,
            body=body,
            id_=id_,
            dry_run=dry_run,
        )
    attributes = {"ce-id": id_} | ({"ce-dryrun": "true"} if dry_run else {})
    given = [
        f"-H {shlex.quote(f'{key}:{value}')}" for key, value in headers.encode(attributes).items()
    ]
    subject = Address.of("cmd", command, actor)
    return f'NATS_URL="$GUESTLIST_NATS" nats req {subject} {shlex.quote(body)} {" ".join(given)}\n'
