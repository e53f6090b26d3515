"""What isn't well, as problem details with the same codes as on the bus (RFC 9457)."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from services.gateway.codes import CODES
from shared.client import NoReply
from shared.errors import Damaged, Refusal
from shared.messages import Accepted, Answered, Failed, Refused

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_STATUS = {
    "bad-request": 400,
    "descriptor-not-listed": 404,
    "no-token": 404,
    "not-authenticated": 401,
    "not-installed": 404,
    "other-app": 403,
}
"""By code, where its kind doesn't tell."""
_BY_START = {"unknown-": 404, "not-a-": 403, "not-an-": 403}
"""By how a code begins: what isn't there, and who isn't allowed."""


class Problem(BaseModel):
    """Why a request had no success; `code` stays the same, `detail` is for people."""

    status: int
    code: str
    detail: str
    hint: str = ""


class NotDone(Exception):
    """Ends a request with a problem."""

    def __init__(self, problem: Problem, scheme: str = "JWT") -> None:
        """`scheme`: how to say who asks, where that wasn't said."""
        super().__init__(problem.code)
        self.problem, self.scheme = problem, scheme


def success(reply: Answered | Refused | Failed) -> Answered:
    """The answer to a query; raises NotDone when it is none."""
    if isinstance(reply, Answered):
        return reply
    raise _not_done(reply)


def done(reply: Accepted | Refused | Failed) -> Accepted:
    """The reply to a command that was accepted; raises NotDone when it wasn't."""
    if isinstance(reply, Accepted):
        return reply
    raise _not_done(reply)


def refused(told: Refused | Refusal) -> NotDone:
    """How a request ends to which a rule said no."""
    status = _status(told.code)
    return NotDone(Problem(status=status, code=told.code, detail=told.detail, hint=told.hint))


def only_here(code: str, detail: str = "") -> NotDone:
    """How a request ends for a reason that only HTTP has."""
    status, rule, hint = CODES[code]
    return NotDone(Problem(status=status, code=code, detail=detail or rule, hint=hint))


def away(code: str, detail: str) -> Problem:
    """What can't be had now, and may be asked again."""
    return Problem(status=503, code=code, detail=detail, hint="try again")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How a route may end otherwise than well, for its description."""
    shown = {"model": Problem, "content": {MEDIA_TYPE: {}}}
    return dict.fromkeys((*statuses, 429, 503), shown)


SIGNED_IN: dict[str, Any] = {"responses": responses(400, 401, 403, 404, 409)}
"""How a route may end that somebody has to sign in for."""


def told(app: FastAPI) -> None:
    """Tell whatever a route raises as problem details."""

    @app.exception_handler(NotDone)
    async def not_done(request: Request, error: NotDone) -> JSONResponse:
        del request
        answer = _response(error.problem)
        if error.problem.status == 401:
            answer.headers["WWW-Authenticate"] = error.scheme
        return answer

    @app.exception_handler(NoReply)
    async def no_reply(request: Request, error: NoReply) -> JSONResponse:
        del request
        return _response(away("no-reply", str(error)))

    @app.exception_handler(Damaged)
    async def damaged(request: Request, error: Damaged) -> JSONResponse:
        logger.error("%s: %s", request.url.path, error)
        return _response(away("damaged", "something that is stored here can't be read"))

    @app.exception_handler(RequestValidationError)
    async def bad_request(request: Request, error: RequestValidationError) -> JSONResponse:
        del request
        first = error.errors()[0]
        detail = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        return _response(Problem(status=400, code="bad-request", detail=detail))

    @app.exception_handler(HTTPException)
    async def not_served(request: Request, error: HTTPException) -> JSONResponse:
        code = _BY_LIBRARY.get(error.status_code)
        if code is None:
            problem = Problem(status=400, code="bad-request", detail="the body can't be read")
        else:
            known = only_here(code).problem
            asked = f"{request.method} {request.url.path}: {known.detail}"
            problem = known.model_copy(update={"status": error.status_code, "detail": asked})
        answer = _response(problem)
        answer.headers.update(error.headers or {})
        return answer


_BY_LIBRARY = {404: "unknown-route", 405: "unknown-route", 413: "too-large"}
"""What the library refuses by itself."""
_HEADERS = {status: {"Retry-After": "1"} for status in (429, 503)}


def _not_done(reply: Refused | Failed) -> NotDone:
    if isinstance(reply, Refused):
        return refused(reply)
    return NotDone(away(reply.code, reply.detail))


def _status(code: str) -> int:
    starts = (status for start, status in _BY_START.items() if code.startswith(start))
    return _STATUS.get(code) or next(starts, 409)


def _response(problem: Problem) -> JSONResponse:
    headers = _HEADERS.get(problem.status)
    return JSONResponse(
        problem.model_dump(), problem.status, headers=headers, media_type=MEDIA_TYPE
    )
