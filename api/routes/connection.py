"""The connection to the warehouse."""

from __future__ import annotations

from api.health import read_connection
from api.models.health import CONNECTION_REPORT, ConnectionReport, PoolState
from api.problems import READ_PROBLEMS, answers
from api.routes.routers import SUPABASE, viewer_router
from api.state import Pool
from tasks.postgres.supabase import pool_size_and_overflow

router = viewer_router(SUPABASE, "Health")


@router.get("/connection", responses=answers(CONNECTION_REPORT, *READ_PROBLEMS))
async def warehouse_connection(pool: Pool) -> ConnectionReport:
    """Tell how this server is connected to the warehouse, and how many connections are in use."""
    facts = await read_connection(pool)
    size, overflow = pool_size_and_overflow(pool.settings)
    state = PoolState(size=size, overflow=overflow, in_use=pool.use().in_use)
    return ConnectionReport(**facts.model_dump(), pool=state)
