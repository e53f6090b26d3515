"""What the gateway says of itself (OpenAPI), as it is."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from services.gateway.problems import MEDIA_TYPE

_UNUSED = {"HTTPValidationError", "ValidationError"}
"""How the library would tell that a request is malformed: here that is a problem, 400."""


def describe(app: FastAPI) -> None:
    """Let `/openapi.json` be that."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # as the library has it done


def _described(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            for response in operation["responses"].values():
                content = response.get("content", {})
                if MEDIA_TYPE in content:
                    content[MEDIA_TYPE] = content.pop("application/json", content[MEDIA_TYPE])
    for name in _UNUSED:
        schema["components"]["schemas"].pop(name, None)
    return schema
