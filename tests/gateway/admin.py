"""An account that asks a site as admins' tools do."""

import asyncio
from typing import Any

import httpx2

INSTALL = "application/vnd.atl.plugins.remote.install+json"


class Admin:
    """An account that signed in and asks one site."""

    def __init__(self, http: httpx2.AsyncClient, base: str, account: str, password: str) -> None:
        """`base`: the path beneath which the plugin manager of the site is."""
        self._http, self._base = http, base
        self._auth = (account, password)

    async def ask(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None
    ) -> httpx2.Response:
        """The answer, or where it leads."""
        if raw is not None:
            as_json = {"Content-Type": "application/json"}
            return await self._http.request(
                method, path, content=raw, headers=as_json, auth=self._auth
            )
        return await self._http.request(method, path, json=body, auth=self._auth)

    async def begin(self, link: str, kind: str = INSTALL) -> httpx2.Response:
        """Ask to install."""
        asked = await self.ask("HEAD", f"{self._base}/?os_authType=basic")
        return await self._http.post(
            f"{self._base}/?token={asked.headers['upm-token']}",
            json={"pluginUri": link},
            headers={"Content-Type": kind},
            auth=self._auth,
        )

    async def install(self, link: str) -> httpx2.Response:
        """Ask to install, and look until it has ended."""
        begun = await self.begin(link)
        assert begun.status_code == 202, begun.text
        async with asyncio.timeout(10):
            while True:
                answer = await self.ask("GET", begun.json()["links"]["self"])
                if answer.status_code == 303 or answer.json()["status"]["done"]:
                    return answer
                assert answer.json()["pingAfter"] == 100
                await asyncio.sleep(0.05)
