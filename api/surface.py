"""Which addresses the API has, with the methods and the query parameters that each takes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


@dataclass(frozen=True)
class Operation:
    """A method at an address; ``query`` is None where it is not documented."""

    pattern: re.Pattern[str]
    methods: frozenset[str]
    query: dict[str, frozenset[str]]


def operations(app: FastAPI) -> tuple[Operation, ...]:
    """Return the operations of an app. They are kept, so every router has to be there at the first call."""
    known: tuple[Operation, ...] | None = getattr(app.state, "operations", None)
    if known is None:
        paths = app.openapi()["paths"]
        known = tuple(
            Operation(
                compile_path(context.path)[0],
                frozenset(context.methods),
                {
                    method: frozenset(
                        parameter["name"]
                        for parameter in operation.get("parameters", ())
                        if parameter["in"] == "query"
                    )
                    for method, operation in paths.get(context.path, {}).items()
                },
            )
            for context in iter_route_contexts(app.routes)
            if context.path is not None and context.methods
        )
        app.state.operations = known
    return known


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """Return the methods that an address takes; none for an address that is not there."""
    methods: set[str] = set()
    for operation in operations(app):
        if operation.pattern.match(path):
            methods |= operation.methods
    if "GET" in methods:
        methods.add("HEAD")
    return sorted(methods | {"OPTIONS"}) if methods else []


async def known_query(request: Request) -> None:
    """Refuse query parameters that the operation does not have, and those that are there twice: a dependency.

    A filter with a mistyped name would answer with everything.

    Raises:
        RequestValidationError: there is one.
    """
    method = request.method.lower()
    for operation in operations(request.app):
        if request.method in operation.methods and operation.pattern.match(request.url.path):
            known = operation.query.get(method)
            break
    else:
        return
    if known is None:
        return
    names = [name for name, _ in request.query_params.multi_items()]
    takes = f"this address takes {', '.join(sorted(known))}" if known else "this address takes none"
    faults = [
        (name, f"is unknown: {takes}" if name not in known else "is there more than once")
        for name in dict.fromkeys(names)
        if name not in known or names.count(name) > 1
    ]
    if faults:
        raise RequestValidationError(
            [{"type": "value_error", "loc": ("query", name), "msg": message} for name, message in faults]
        )
