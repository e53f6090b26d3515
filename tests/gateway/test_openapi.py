"""What the gateway says of itself is what it does: nothing makes it fail, nothing is unforeseen."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.accounts import Accounts
from services.listing.commands import AddMember
from services.supervisor import Supervisor
from shared.client import Client
from tests.clients import sample_app as sample
from tests.clients.audit import Audit
from tests.clients.pypi import installed
from tests.clients.sample_app import SampleApp
from tests.flows import acting
from tests.flows.acting import ANN, BOB, accepted

pytestmark = [pytest.mark.client, pytest.mark.flow]
APP, SITE = "com.example.fuzzed", "fuzzed"
CONFIG = f"""
[parameters]
"path.site_id" = "{SITE}"
"path.app_key" = "{APP}"
"""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
)


@pytest.fixture(scope="module")
async def app(client: Client, audit: Audit) -> AsyncIterator[SampleApp]:
    """An app on a site, with a token."""
    await acting.make_site(client, SITE)
    async with acting.served(client, APP, sample.JWT) as running:
        _, link = await acting.make_token(client, APP)
        await acting.install(client, audit, SITE, link)
        await accepted(client, ANN, AddMember(partner_id="example", account=BOB))
        yield running


@pytest.mark.timeout(300)
async def test_no_request_makes_it_fail_or_gets_an_answer_that_it_does_not_document(
    house: Supervisor, app: SampleApp, tmp_path: Path
) -> None:
    """Asked by schemathesis, in the name of who is the site's admin and the partner's member."""
    assert app.url
    password = Accounts(house.data).add(BOB)
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    process = await asyncio.create_subprocess_exec(
        installed("schemathesis==4.32.5") / "st",
        "run",
        f"{house.http}/openapi.json",
        f"--auth={BOB}:{password}",
        f"--checks={','.join(CHECKS)}",
        "--phases=examples,coverage,fuzzing",
        "--max-examples=50",
        "--seed=7",
        "--continue-on-failure",
        "--max-redirects=0",
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
