"""The command that tells the URL of an app's page."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import arguments, connection
from services.cli.forms import Printer
from services.cli.options import HERE, PATIENCE, Actor, AppOnSite, Data, Nats, SiteKey, Timeout
from services.installation.queries import Page, PageView
from shared.messages import Query

if TYPE_CHECKING:
    from shared.client import Client

_AGAIN = "try again"


def open_(
    site_id: SiteKey,
    app_key: AppOnSite,
    page: Annotated[
        str | None,
        typer.Option("--page", metavar="KEY", help="Of the descriptor's modules; else the first."),
    ] = None,
    actor: Actor = "operator",
    timeout: Timeout = PATIENCE,
    data: Data = HERE,
    nats: Nats = None,
    *,
    out: Printer,
) -> None:
    """Tell the signed URL of an app's page, as a site opens it, good for 3 minutes."""
    fields = [f"site_id={site_id}", f"app_key={app_key}"]
    fields += [] if page is None else [f"page={page}"]
    query = arguments.request(Query.TABLE, Page.__name__, fields)
    arguments.check(actor, "open")

    async def ask(client: "Client") -> PageView:
        return connection.success(await client.query(query), _AGAIN).read(PageView)

    view = connection.ask(ask, actor, data, nats, _AGAIN, timeout)
    out.tell(view, [(view.url,)])
