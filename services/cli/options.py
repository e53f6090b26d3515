"""Options that several commands of `guestlist` have."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli import complete


def _unless_folder_is_named(context: typer.Context, nats: str | None) -> str | None:
    """None for an address from the environment where the folder was typed: that is nearer."""
    data, address = map(context.get_parameter_source, ("data", "nats"))
    typed = data is not None and data.name == "COMMANDLINE"
    return None if typed and address is not None and address.name == "ENVIRONMENT" else nats


Data = Annotated[
    Path,
    typer.Option(
        "--data", envvar="GUESTLIST_DATA", file_okay=False, help="Folder of `guestlist up`."
    ),
]
Nats = Annotated[
    str | None,
    typer.Option(
        "--nats",
        envvar="GUESTLIST_NATS",
        callback=_unless_folder_is_named,
        help="Server address, else the folder's; of the environment only without --data.",
    ),
]
Actor = Annotated[str, typer.Option("--as", metavar="ACCOUNT", help="The account that asks.")]
SiteKey = Annotated[str, typer.Argument(metavar="SITE", help="The id of a site.")]
AppOnSite = Annotated[str, typer.Argument(metavar="APP", help="The key of an app on it.")]
Fields = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FIELD=VALUE…",
        autocompletion=complete.fields,
        help="Fields, or one JSON object with all of them. As the VALUE that is or holds a token, "
        "@FILE stands for the text in a file and - for stdin.",
    ),
]
Development = Annotated[
    bool,
    typer.Option(
        "--development",
        envvar="GUESTLIST_DEVELOPMENT",
        help="Take descriptors by http from this machine.",
    ),
]
Detailed = Annotated[
    bool, typer.Option("--detailed", help="Tell all of each event, not only what happened.")
]
Reveal = Annotated[bool, typer.Option("--reveal", help="Print tokens whole.")]
Timeout = Annotated[
    float,
    typer.Option("--timeout", min=0.1, metavar="SECONDS", help="How long to wait for each reply."),
]
HERE = Path(".guestlist")
PATIENCE = 10.0
"""Seconds to wait for each reply."""
