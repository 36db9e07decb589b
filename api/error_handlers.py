"""Handlers that turn every error into problem details: those of this package, of FastAPI and of Starlette."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from api.problems import Problem, ProblemResponse
from api.surface import allowed_methods
from api.work.errors import KeyReused, ParametersRefused, RunUnknown
from tasks import errors
from tasks.outside_text import displayable

RETRY_SECONDS = 5
_CANCELLED = "57014"
_NO_SCHEMA = {"3F000", "42P01", "42703"}
_UPGRADE = (
    "Bring the schema to this release: POST /api/v1/supabase/schema/create. If it is there already, somebody dropped a "
    "table: restore it from a backup."
)
# The first class that an error is one of decides; the rest is 503 if a retry may succeed, else 409: the state of the
# warehouse, the vault or the settings has to change first.
_STATUS: tuple[tuple[type[errors.RetailError], int], ...] = (
    (errors.WarehouseUnreachable, 503),
    (errors.WrongPassword, 503),
    (errors.DatabaseMissing, 503),
    (errors.CertificateRefused, 503),
    (errors.TlsRefused, 503),
    (errors.ClearTextPasswordRefused, 503),
    (errors.EmbeddedServerError, 503),
    (errors.PrefectUnreachable, 503),
    (errors.Transient, 503),
    (errors.DeliveryMissing, 404),
    (errors.BackupMissing, 404),
    (errors.ObjectMissing, 404),
    (RunUnknown, 404),
    (KeyReused, 422),
    (ParametersRefused, 422),
    (errors.DataRejected, 422),
    (errors.DeliveryError, 422),
)
_LOOK = "Look at the server's log, and at GET /api/v1/supabase/health."
_OF_HTTP = {
    400: ("The body is not JSON in UTF-8.", "Send JSON with the header Content-Type: application/json."),
    404: ("There is nothing at this address.", "The addresses are listed at /docs."),
    405: ("This address does not take that method.", "The header Allow lists those that it takes."),
}


def status_of(error: errors.RetailError) -> int:
    """Return the status of the answer to a request that ended with an error of this package."""
    if error.attributes.get("sqlstate") == _CANCELLED:
        return 503
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 409)


def problem_of(error: errors.RetailError) -> Problem:
    """Return the problem for an error of this package."""
    status = status_of(error)
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
    is_other_schema = error.attributes.get("sqlstate") in _NO_SCHEMA
    return Problem(
        status,
        error.description,
        error.next_step or (_UPGRADE if is_other_schema else _LOOK),
        headers=headers,
        keep=error.keep,
        error_type=type(error).__name__,
    )


def add_error_handlers(app: FastAPI) -> None:
    """Register the handlers."""

    @app.exception_handler(Problem)
    async def of_problem(_: Request, error: Exception) -> Response:
        return cast(Problem, error).response()

    @app.exception_handler(errors.RetailError)
    async def of_package(_: Request, error: Exception) -> Response:
        return problem_of(cast(errors.RetailError, error)).response()

    @app.exception_handler(RequestValidationError)
    async def of_validation(_: Request, error: Exception) -> Response:
        return _of_validation(cast(RequestValidationError, error).errors())

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: Exception) -> Response:
        return _of_http(request, cast(HTTPException, error))


def _of_validation(found: Iterable[Mapping[str, Any]]) -> ProblemResponse:
    listed = list(found)
    if any(detail["type"] == "json_invalid" for detail in listed):
        return ProblemResponse(400, *_OF_HTTP[400])
    # The values are not quoted: they may hold a secret.
    refused = [
        {
            "location": displayable(".".join(str(part) for part in detail["loc"])),
            "message": displayable(str(detail["msg"]).removeprefix("Value error, ")),
        }
        for detail in listed
    ]
    plural = "value of the request was" if len(refused) == 1 else "values of the request were"
    return ProblemResponse(
        422,
        f"{len(refused)} {plural} refused.",
        "Correct it and send the request again; /docs describes each.",
        members={"errors": refused},
    )


def _of_http(request: Request, error: HTTPException) -> ProblemResponse:
    detail, next_step = _OF_HTTP.get(error.status_code, (str(error.detail), ""))
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 405:
        headers["allow"] = ", ".join(allowed_methods(request.app, request.url.path))
    return ProblemResponse(error.status_code, detail, next_step, headers=headers)
