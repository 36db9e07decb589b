"""Loads, and the replay of quarantined lines."""

from __future__ import annotations

from typing import Annotated, NoReturn

from fastapi import Body

from api.models.work import LoadRequest, StartedRun
from api.problems import Problem, ProblemResponse, problems
from api.routes.routers import API, operator_router
from api.routes.work.started import Starter, work_answers
from api.work import operations

router = operator_router(API, "Loads")
_LOAD = LoadRequest()


@router.post("/etl/runs", status_code=202, responses=work_answers())
async def start_load(starter: Starter, body: Annotated[LoadRequest, Body()] = _LOAD) -> StartedRun:
    """Load deliveries into the star schema, exactly once; without sources those of the deployment."""
    return await starter.start(operations.LOAD, body.given())


@router.post(
    "/quarantine/replay",
    status_code=501,
    response_model=None,
    response_class=ProblemResponse,
    responses=problems(400, 401, 403, 413, 422, 429, 500, 501, 503),
)
async def replay_quarantine() -> NoReturn:
    """Load quarantined lines again after a rule or the source was corrected. Not built yet."""
    raise Problem(
        501,
        "Replay of quarantined lines is not built yet.",
        "Have the delivery corrected and load it again: POST /api/v1/etl/runs",
    )
