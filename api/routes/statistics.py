"""Sizes of the warehouse, and the settings of the server."""

from __future__ import annotations

from api.models.statistics import CONFIGURATION, STATISTICS, Configuration, Setting, Statistics
from api.problems import READ_PROBLEMS, answers
from api.routes.routers import SUPABASE, viewer_router
from api.state import Pool, State
from tasks.warehouse.statistics import read_statistics

router = viewer_router(SUPABASE, "Health")


@router.get("/statistics", responses=answers(STATISTICS, *READ_PROBLEMS))
async def warehouse_statistics(pool: Pool, state: State) -> Statistics:
    """Tell rows and sizes of all tables, the growth of the database, and faulty indexes."""
    disk = state.resolved.settings.retail_disk_mb
    found = await read_statistics(pool, disk * 1_000_000 if disk else None, store=False)
    return Statistics.model_validate(found)


@router.get("/config", responses=answers(CONFIGURATION, 401, 422, 429, 500, 503))
async def configuration(state: State) -> Configuration:
    """List every setting of the server with its origin, as `retail settings` does; secrets are masked."""
    return Configuration(
        settings=[
            Setting(name=name, value=value, origin=origin) for name, value, origin in state.resolved.rows
        ]
    )
