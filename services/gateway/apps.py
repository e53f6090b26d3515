"""What apps ask: the public keys by which they check what they are told."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import PlainTextResponse

from services.gateway.bus import Bus
from services.gateway.problems import responses, success
from services.installation.queries import InstallKey, InstallKeyView

router = APIRouter(tags=["apps"])

_A_DAY = {"Cache-Control": "public, max-age=86400"}
"""A key under an id never changes."""


@router.get(
    "/install-keys/{kid}",
    response_class=PlainTextResponse,
    responses=responses(400, 404),
)
async def install_key(kid: Annotated[str, Path(max_length=100)], bus: Bus) -> PlainTextResponse:
    """The public key with that id, as PEM; a key that was in use once stays."""
    answer = success(await bus.query(InstallKey(kid=kid)))
    return PlainTextResponse(answer.read(InstallKeyView).pem, headers=_A_DAY)
