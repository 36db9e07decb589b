"""Every error is a problem of RFC 9457 with security headers and the next step, and says nothing of the inside."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import httpx
import pytest
from fastapi import Depends
from pydantic import BaseModel

from api.app import create_app
from api.authentication import viewer
from api.error_handlers import status_of
from api.settings import ApiSettings
from tasks import errors
from tasks.postgres.connect import ConnectionSettings
from tests.api.conftest import environment_of
from tests.support.api_server import USERS, ApiServer, serving

MARKED = "marked-4711-secret"


class Body(BaseModel):
    number: int


async def take(body: Body) -> Body:
    return body


async def fail() -> None:
    raise RuntimeError(f"could not read {MARKED}")


async def fail_ours() -> None:
    raise errors.WarehouseBusy("another load holds it.", "Wait for it.", warehouse="postgresql://w/db")


@pytest.fixture(scope="module")
def small(api_warehouse: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API with a small limit, and three more addresses."""
    app = create_app(ApiSettings(USERS, body_bytes=2048, requests=100))
    app.add_api_route("/take", take, methods=["POST"])
    app.add_api_route("/fail", fail, dependencies=[Depends(viewer)])
    app.add_api_route("/fail-ours", fail_ours)
    with environment_of(api_warehouse, tmp_path_factory.mktemp("data")), serving(app) as running:
        yield running


def problem(answer: httpx.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers
    found: dict[str, object] = answer.json()
    assert (found["status"], found["type"]) == (status, "about:blank")
    assert found["title"]
    assert found["detail"]
    assert found["next_step"]
    return found


def test_an_unexpected_error_says_nothing(small: ApiServer, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "retail.api"):
        answer = small.viewer.get("/fail")
    found = problem(answer, 500)
    assert MARKED not in answer.text + str(answer.headers)
    assert "RuntimeError" not in answer.text
    (record,) = [record for record in caplog.records if record.name == "retail.api"]
    assert str(found["instance"]) in record.getMessage()
    assert MARKED in str(record.exc_info)
    assert small.viewer.get("/api/v1/health").status_code == 200


def test_an_error_of_the_package(small: ApiServer) -> None:
    answer = small.anyone.get("/fail-ours")
    found = problem(answer, 503)
    assert found["error_type"] == "WarehouseBusy"
    assert found["detail"] == "postgresql://w/db: another load holds it."
    assert found["next_step"] == "Wait for it."
    assert answer.headers["retry-after"] == "5"


def test_an_address_that_is_not_there(small: ApiServer) -> None:
    problem(small.anyone.get("/api/v1/nothing"), 404)
    problem(small.anyone.get("/static/../app.py"), 404)
    problem(small.anyone.get("/static/app.py"), 404)
    problem(small.viewer.get("/api/v1/backups/../x"), 404)


def test_a_method_that_is_not_there(small: ApiServer) -> None:
    answer = small.viewer.post("/api/v1/sales")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    answer = small.viewer.get("/api/v1/supabase/schema/create")
    problem(answer, 405)
    assert answer.headers["allow"] == "OPTIONS, POST"


@pytest.mark.parametrize(
    "path", ["/api/v1/supabase/health", "/api/v1/sales", "/docs", "/openapi.json", "/metrics"]
)
def test_head_and_options(small: ApiServer, path: str) -> None:
    head, whole = small.viewer.head(path), small.viewer.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == whole.headers["content-type"]
    options = small.anyone.options(path)
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert small.viewer.get(path).status_code == 200  # the connection is still in step
    problem(small.anyone.options("/nothing"), 404)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"number": 1}', 200),
        (b'{"number": ', 400),
        (b'{"number": "\xff"}', 400),
        (b'{"number": "x"}', 422),
        (b"[" * 2000, 400),
        (b'{"number": 1, "more": "' + b"x" * 2048 + b'"}', 413),
    ],
)
def test_a_body(small: ApiServer, content: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    answer = small.anyone.post("/take", content=content, headers=headers)
    if status == 200:
        assert answer.status_code == 200
    else:
        problem(answer, status)
    # Without an announced length.
    chunks = (content[start : start + 64] for start in range(0, len(content), 64))
    assert small.anyone.post("/take", content=chunks, headers=headers).status_code == status


def test_a_refused_value_is_not_quoted(small: ApiServer) -> None:
    answer = small.anyone.post("/take", json={"number": MARKED})
    assert problem(answer, 422)["errors"] == [
        {
            "location": "body.number",
            "message": "Input should be a valid integer, unable to parse string as an integer",
        }
    ]
    assert MARKED not in answer.text


def test_every_error_of_the_package_has_a_fitting_status() -> None:
    def kinds(kind: type[errors.RetailError]) -> Iterator[type[errors.RetailError]]:
        yield kind
        for further in kind.__subclasses__():
            yield from kinds(further)

    status = {kind.__name__: status_of(kind("it happened.")) for kind in kinds(errors.RetailError)}
    assert set(status.values()) == {404, 409, 422, 503}
    assert status["WarehouseUnreachable"] == status["WrongPassword"] == status["WarehouseBusy"] == 503
    assert status["BackupMissing"] == status["DeliveryMissing"] == 404
    assert status["ReadOnlyWarehouse"] == status["RestoreRefused"] == status["SettingsError"] == 409
    assert status_of(errors.WarehouseError("too long.", sqlstate="57014")) == 503


def test_a_database_that_cannot_be_asked(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = ConnectionSettings("127.0.0.1", 1, sslmode="disable", user="retail")
    with (
        environment_of(nowhere, tmp_path_factory.mktemp("data"), RETAIL_CONNECT_SECONDS="1"),
        serving() as api,
    ):
        answer = api.viewer.get("/api/v1/supabase/health")
        assert problem(answer, 503)["error_type"] == "WarehouseUnreachable"
        assert answer.headers["retry-after"] == "5"
        assert api.anyone.get("/api/v1/health").status_code == 200


def test_requests_beyond_the_limit_are_turned_away(
    api_warehouse: ConnectionSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    app = create_app(ApiSettings(USERS, requests=1))
    with environment_of(api_warehouse, tmp_path_factory.mktemp("data")), serving(app) as api:

        def slowly() -> Iterator[bytes]:
            yield b"{"
            answers.append(api.viewer.get("/api/v1/sales"))
            answers.append(api.viewer.get("/api/v1/health"))
            yield b"}"

        answers: list[httpx.Response] = []
        api.operator.post("/api/v1/supabase/integrity/validate", content=slowly())
        problem(answers[0], 503)
        assert answers[0].headers["retry-after"] == "1"
        assert answers[1].status_code == 200
        assert api.viewer.get("/api/v1/sales").status_code == 200
