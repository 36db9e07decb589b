"""Problem details (RFC 9457): the one form of every error that the API answers with, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from tasks.outside_text import displayable

MEDIA_TYPE = "application/problem+json"


class InvalidValue(BaseModel):
    """A value of the request that was refused."""

    location: str = Field(description="Where it is, such as query.page or body.sources.0.")
    message: str = Field(description="What is wrong with it.")


class ProblemDetails(BaseModel):
    """An error, as RFC 9457 describes it, with the next step."""

    # Members that a problem of its own kind adds, such as the report of a failed check.
    model_config = ConfigDict(extra="allow")

    type: str = Field(default="about:blank", description="Always about:blank: the status tells the kind.")
    title: str = Field(description="The name of the status.")
    status: int = Field(description="The status.")
    detail: str = Field(description="What happened.")
    next_step: str = Field(default="", description="What to do next.")
    error_type: str = Field(
        default="", description="Class of the error in tasks/errors, where it is one of those."
    )
    instance: str | None = Field(
        default=None, description="With status 500 the id under which the server's log has the error."
    )
    errors: list[InvalidValue] | None = Field(default=None, description="With status 422 the refused values.")


class Problem(Exception):
    """An error to answer with; every route may raise it.

    Args:
        status: The status.
        detail: What happened.
        next_step: What to do next.
        headers: Further headers of the answer.
        keep: Unprintable characters that the texts may have.
        members: Further members of the problem details.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        next_step: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        keep: str = "",
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.keep = keep
        self.status = status
        self.detail = detail
        self.next_step = next_step
        self.headers = dict(headers or {})
        self.members = members

    def response(self) -> ProblemResponse:
        """Return the answer."""
        return ProblemResponse(
            self.status,
            self.detail,
            self.next_step,
            headers=self.headers,
            members=self.members,
            keep=self.keep,
        )


class ProblemResponse(JSONResponse):
    """Problem details as an answer."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        status: int,
        detail: str,
        next_step: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
        keep: str = "",
    ) -> None:
        content = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": displayable(detail, keep),
            "next_step": displayable(next_step, keep),
            **(members or {}),
        }
        super().__init__(content, status, dict(headers or {}))


class Examples:
    """An example of each problem that the API answers with, for the OpenAPI document."""

    OF_STATUS: ClassVar[dict[int, dict[str, Any]]] = {
        status: {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "next_step": next_step,
            **members,
        }
        for status, detail, next_step, members in (
            (
                400,
                "The body is not JSON in UTF-8.",
                "Send JSON with the header Content-Type: application/json.",
                {},
            ),
            (401, "This needs a user and a password.", "Send them by HTTP Basic, in UTF-8.", {}),
            (
                403,
                "The user ann is a viewer and may not start work.",
                "Ask as a user with the role operator.",
                {},
            ),
            (404, "There is nothing at this address.", "The addresses are listed at /docs.", {}),
            (
                409,
                "postgresql://retail@db.example.org:5432/postgres: it has no retail schema yet.",
                "Create it: POST /api/v1/supabase/schema/create",
                {"error_type": "WarehouseError"},
            ),
            (413, "The body is larger than 1,024 kB.", "Send less, or raise RETAIL_API_BODY_KB.", {}),
            (
                422,
                "1 value of the request was refused.",
                "Correct it and send the request again.",
                {"errors": [{"location": "query.from", "message": "is no day: write 2011-12-09"}]},
            ),
            (
                429,
                "Too many wrong passwords for this user from this address.",
                "Wait 4 s, then try again.",
                {},
            ),
            (
                500,
                "An unexpected error.",
                "Look for the instance in the server's log.",
                {"instance": "urn:uuid:0f0e2c4b-6a53-4d0a-8d3e-6f1f0f4a9d55"},
            ),
            (501, "This is not built yet.", "See the changelog of a later release.", {}),
            (
                503,
                "postgresql://retail@db.example.org:5432/postgres: no connection within 5 s.",
                "Check host and port, and that the project is not paused.",
                {"error_type": "WarehouseUnreachable"},
            ),
        )
    }


READ_PROBLEMS = (401, 409, 422, 429, 500, 503)
WORK_PROBLEMS = (400, 401, 403, 409, 413, 422, 429, 500, 503)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of these problems, each with an example."""
    return {status: _documented(status) for status in statuses}


def _documented(status: int) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if status in {429, 503}:
        headers["Retry-After"] = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
    if status == 401:
        headers["WWW-Authenticate"] = {"description": "The challenge.", "schema": {"type": "string"}}
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headers,
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/ProblemDetails"},
                "example": Examples.OF_STATUS[status],
            }
        },
    }


def answers(
    example: Any, *statuses: int, status: int = 200, description: str = "The answer."
) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route: an example of its answer, and of these problems."""
    return {
        status: {"description": description, "content": {"application/json": {"example": example}}},
        **problems(*statuses),
    }
