"""The figures that operators watch, for Prometheus."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import PlainTextResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from services.gateway.caller import Operator
from services.gateway.counting import Counting
from services.gateway.problems import responses

router = APIRouter(tags=["metrics"])


def _counting(request: Request) -> Counting:
    counting: Counting = request.app.state.counting
    return counting


@router.get("/metrics", response_class=PlainTextResponse, responses=responses(401, 403))
async def metrics(
    operator: Operator, counting: Annotated[Counting, Depends(_counting)]
) -> PlainTextResponse:
    """What was counted up to now, as Prometheus text; for operators, as it names private apps."""
    del operator
    figures = await counting.now()
    text = generate_latest(figures.registry)
    return PlainTextResponse(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)
