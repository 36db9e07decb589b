"""Whether the server lives, and how the warehouse is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from api.middleware.limits import ALWAYS_ANSWERED
from api.models.health import HEALTH, Alive, HealthReport
from api.problems import READ_PROBLEMS, answers
from api.query_types import Flag
from api.routes.routers import SUPABASE, open_router, viewer_router
from api.state import State

alive = open_router("", "Health")
router = viewer_router(SUPABASE, "Health")


@alive.get(ALWAYS_ANSWERED, responses=answers({"status": "ok"}, 422, 500))
async def server_is_alive() -> Alive:
    """Tell that the server lives, without asking the warehouse: for load balancers, without a password."""
    return Alive(status="ok")


@router.get("/health", response_model=HealthReport, responses=answers(HEALTH, *READ_PROBLEMS))
async def warehouse_health(
    state: State,
    integrity: Annotated[
        Flag, Query(description="Run the integrity checks now, instead of showing the last stored results.")
    ] = False,
) -> Response:
    """Tell the health of the warehouse: 200 whatever it is; 503 only where the database cannot be asked."""
    answer = state.examined_health if integrity else state.health
    return Response(await answer.get(), media_type="application/json")
