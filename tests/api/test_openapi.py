"""The OpenAPI document: every address has a model, and an example of its answer and of every error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, TypeAdapter

from api.app import create_app
from api.problems import ProblemDetails
from api.settings import ApiSettings
from tests.support.api_server import USERS, ApiServer

APP = create_app(ApiSettings(USERS))
DOCUMENT = APP.openapi()
ROUTES = [
    context
    for context in iter_route_contexts(APP.routes)
    if context.path and context.include_in_schema and context.path in DOCUMENT["paths"]
]
OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method} {path}")
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
OPEN = {"/api/v1/health"}
PATHS = {
    "/api/v1/supabase/health",
    "/api/v1/supabase/connection",
    "/api/v1/supabase/monitoring/connection",
    "/api/v1/supabase/statistics",
    "/api/v1/supabase/config",
    "/api/v1/supabase/integrity/validate",
    "/api/v1/supabase/schema/create",
    "/api/v1/supabase/tables/create",
    "/api/v1/supabase/backup/create",
    "/api/v1/supabase/backup/table/{name}",
    "/api/v1/backups/{id}/verify",
    "/api/v1/backups/{id}/prove",
    "/api/v1/restore",
    "/api/v1/etl/runs",
    "/api/v1/quarantine/replay",
    "/api/v1/health",
    "/api/v1/sales",
    "/api/v1/backups",
    "/api/v1/backups/{id}",
    "/api/v1/runs",
    "/api/v1/runs/{id}",
    "/api/v1/deliveries",
    "/api/v1/quality",
    "/api/v1/rejects",
    "/api/v1/lineage/{table}",
    "/metrics",
}


def test_the_addresses() -> None:
    assert set(DOCUMENT["paths"]) >= PATHS
    assert {context.path for context in ROUTES} == set(DOCUMENT["paths"])


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_route_has_a_model(route: Any) -> None:
    """Without one a Decimal would become a float."""
    if route.path == "/metrics":
        assert issubclass(route.response_class, Response)
        return
    if route.path == "/api/v1/quarantine/replay":  # it only answers that it is not built yet
        assert "501" in DOCUMENT["paths"][route.path]["post"]["responses"]
        return
    model = route.response_model
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    example = DOCUMENT["paths"][route.path][min(route.methods).lower()]["responses"]
    success = next(answer for status, answer in example.items() if status.startswith("2"))
    # As the server answers: the example is what the model makes of it, but for how times are written.
    parsed = TypeAdapter(model).validate_python(success["content"]["application/json"]["example"])
    dumped = parsed.model_dump(mode="json")
    assert dumped == success["content"]["application/json"]["example"]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_answer_has_an_example(path: str, method: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    assert {"422", "500"} <= set(answers)
    if path not in OPEN:
        assert {"401", "429"} <= set(answers)
        assert operation["security"] == [{"basic": []}]
    if method == "post":
        assert {"400", "403", "413"} <= set(answers)
    for status, answer in answers.items():
        for media_type, content in answer["content"].items():
            assert content["example"], (path, status)
            assert content["schema"]
            if int(status) >= 400:
                assert media_type == "application/problem+json"
                example = ProblemDetails.model_validate(content["example"])
                assert example.status == int(status)
                assert example.next_step


def test_every_parameter_is_described() -> None:
    for methods in DOCUMENT["paths"].values():
        for operation in methods.values():
            assert operation["description"]
            for parameter in operation.get("parameters", ()):
                assert parameter["description"], parameter


def test_money_is_text() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for schema, members in {
        "Sale": ("unit_price", "total_amount"),
        "CurrencyTotal": ("amount",),
    }.items():
        assert "currency" in schemas[schema]["properties"]
        for member in members:
            assert schemas[schema]["properties"][member]["type"] == "string"


def test_the_document_is_open(api: ApiServer) -> None:
    answer = api.anyone.get("/openapi.json")
    assert answer.status_code == 200
    assert json.loads(answer.text) == json.loads(json.dumps(DOCUMENT))


def test_the_documentation_asks_no_other_host(api: ApiServer) -> None:
    page = api.anyone.get("/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "://" not in page.text.split("<main>")[0]
    for path in PATHS:
        assert path in page.text
    style = api.anyone.get("/static/documentation.css")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
