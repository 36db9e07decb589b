"""``/docs``: the OpenAPI document as a page, rendered here and without a script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from api.pages.rendering import render
from api.surface import known_query

router = APIRouter(dependencies=[Depends(known_query)])


@router.get("/docs", include_in_schema=False)
async def documentation(request: Request) -> HTMLResponse:
    """Show the OpenAPI document."""
    document = request.app.openapi()
    return HTMLResponse(
        render("documentation.html", document=document, operations=list(_operations(document)))
    )


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "description": operation.get("description") or operation.get("summary", ""),
                "access": _access(method, operation),
                "parameters": [_parameter(parameter) for parameter in operation.get("parameters", ())],
                "answers": [_answer(*answer) for answer in operation["responses"].items()],
            }


def _access(method: str, operation: Mapping[str, Any]) -> str:
    if not operation.get("security"):
        return "Open to everybody."
    return "For every user." if method == "get" else "For operators."


def _parameter(parameter: Mapping[str, Any]) -> dict[str, str]:
    schema = parameter["schema"]
    options = schema.get("anyOf", [schema])
    kinds = [_kind(option) for option in options if option.get("type") != "null"]
    default = schema.get("default")
    values = " or ".join(kinds) + ("" if default is None else f", else {json.dumps(default).strip(chr(34))}")
    return {
        "name": parameter["name"],
        "where": parameter["in"],
        "values": values,
        "meaning": parameter.get("description", ""),
    }


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(schema["enum"])
    return {"date": "day (2011-12-09)", "date-time": "time (2011-12-09T12:50:00Z)", "uuid": "id"}.get(
        schema.get("format", ""),
        {"string": "text", "integer": "number", "boolean": "true or false"}.get(schema.get("type", ""), ""),
    )


def _answer(status: str, answer: Mapping[str, Any]) -> dict[str, str]:
    example = next((content.get("example") for content in answer.get("content", {}).values()), None)
    text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
    return {"status": status, "description": answer["description"], "example": text}
