"""The app of the demo: it checks what it is told, and sees on each page whether it is licensed."""

from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import httpx2

from services.cli.output import line
from services.installation.events import LicenceChanged
from services.installation.queries import Page, PageView
from shared.client import Client
from shared.messages import Answered
from tests.clients.sample_app import SampleApp, Told, answering
from tests.clients.verifying import by_key, by_secret, kid_of


class Watched:
    """What the app of a site sees; `keys` is where it gets public keys."""

    def __init__(self, app: SampleApp, keys: str) -> None:
        self.lic: list[str] = []
        """What it was told of its licence, each time that it was something else."""
        self.quiet = False
        self._app = app
        self._keys = keys
        self._secret = ""
        app.answer = self._answer

    @property
    def missing(self) -> str | None:
        """What it should have seen by the end, and didn't."""
        hooks = [told.hook for told in self._app.told]
        if not self._secret or hooks[-1:] != ["enabled"]:
            return f"the app was told {hooks}, not installed and enabled, each signed"
        if self.lic[:1] + self.lic[-1:] != ["active", "none"]:
            return f"the app saw {self.lic}, not first active and at last none"
        return None

    async def open_pages(self, client: Client, app_key: str) -> None:
        """Open its page, as a site's admin, whenever its licence has changed."""
        async with httpx2.AsyncClient() as http:
            async for published in client.events():
                event = published.event()
                if isinstance(event, LicenceChanged) and event.app_key == app_key:
                    query = Page(site_id=event.site_id, app_key=app_key)
                    answer = await client.query(query, actor="bob")
                    if isinstance(answer, Answered):
                        await self._open(http, answer.read(PageView).url)

    async def _open(self, http: httpx2.AsyncClient, url: str) -> None:
        (await http.get(url)).raise_for_status()
        (lic,) = parse_qs(urlsplit(self._app.opened[-1]).query)["lic"]
        if self.lic[-1:] != [lic]:
            self.lic.append(lic)
            self._tell(f"its page was opened with lic={lic}")

    def _answer(self, handler: BaseHTTPRequestHandler, told: Told) -> None:
        """Take only what is signed as it has to be."""
        if told.hook in ("installed", "uninstalled"):
            kid = kid_of(told)
            with urlopen(f"{self._keys}/{kid}") as key:
                by_key(self._app, told, {kid: key.read()})
            self._secret = str(told.body.get("sharedSecret", self._secret))
            signed = "with a key of the marketplace"
        else:
            by_secret(self._app, told, self._secret)
            signed = "with the shared secret"
        self._tell(f"told {told.hook}, signed {signed}")
        answering(204)(handler, told)

    def _tell(self, text: str) -> None:
        if not self.quiet:
            line(f"        app  {text}")
