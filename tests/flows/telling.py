"""An app that is told what becomes of it, and what it was told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.supervisor import Supervisor
from shared.client import Client
from shared.install_keys import InstallKeys
from tests.clients import sample_app as sample
from tests.clients.audit import Audit
from tests.clients.sample_app import SampleApp, Told
from tests.flows import acting


@asynccontextmanager
async def listed(client: Client, site_id: str) -> AsyncIterator[SampleApp]:
    """An app that wants to be told everything, and a site for it."""
    await acting.make_site(client, site_id)
    async with acting.served(client, f"com.example.{site_id}", sample.JWT) as app:
        yield app


async def install(client: Client, audit: Audit, site_id: str) -> acting.Ending:
    """Install that app by its descriptor's link."""
    link = acting.descriptor_link(f"com.example.{site_id}")
    return await acting.install(client, audit, site_id, link)


def keys_of(house: Supervisor) -> dict[str, bytes]:
    """The public keys of the marketplace."""
    keys = InstallKeys(house.data / "install-keys")
    return {kid: keys.public(kid) or b"" for kid in keys.ids}


async def told(app: SampleApp, *hooks: str) -> list[Told]:
    """What the app was told, which has to be that and nothing more."""
    rows = await app.until_told(*hooks)
    assert len(app.told) == len(rows)
    return rows


def secret(row: Told) -> str:
    """The secret that the app was told."""
    return str(row.body["sharedSecret"])
