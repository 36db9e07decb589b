"""The OpenAPI document: FastAPI's, with the model of the problems, which no route has as its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from api.problems import ProblemDetails

_SCHEMAS = "#/components/schemas/{model}"


def set_openapi(app: FastAPI) -> None:
    """Have the app answer with this document; it is made once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = ProblemDetails.model_json_schema(ref_template=_SCHEMAS)
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemDetails"] = problem
    for context in iter_route_contexts(app.routes):
        for method in context.methods or ():
            operation = document["paths"].get(context.path, {}).get(method.lower())
            if operation is not None:
                _restore_examples(operation, context.responses)
    return document


def _restore_examples(operation: dict[str, Any], responses: Mapping[int | str, Mapping[str, Any]]) -> None:
    """Put the examples in as the routes have them: FastAPI leaves out what is null in them."""
    for status, response in responses.items():
        for media_type, content in response.get("content", {}).items():
            if "example" in content:
                operation["responses"][str(status)]["content"][media_type]["example"] = content["example"]
