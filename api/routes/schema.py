"""Create or upgrade the schema."""

from __future__ import annotations

from dataclasses import replace

from api.models.schema import SCHEMA, SchemaReport
from api.problems import WORK_PROBLEMS, answers
from api.routes.routers import SUPABASE, operator_router
from api.state import ApiState, State
from tasks.warehouse.migrate import schema_version, upgrade_from
from tasks.warehouse.statistics import TABLES

# A load may hold the lock for long; who asks is told to come again.
_LOCK_SECONDS = 20.0
router = operator_router(SUPABASE, "Schema")


@router.post("/schema/create", responses=answers(SCHEMA, *WORK_PROBLEMS))
async def create_schema(state: State) -> SchemaReport:
    """Create the schemas with their tables and views, or upgrade them to this release. Idempotent."""
    return await _bring_to_head(state)


@router.post("/tables/create", responses=answers(SCHEMA, *WORK_PROBLEMS))
async def create_tables(state: State) -> SchemaReport:
    """Create the tables: the same as `POST /schema/create`, since one set of revisions makes both. Idempotent."""
    return await _bring_to_head(state)


async def _bring_to_head(state: ApiState) -> SchemaReport:
    settings = replace(
        state.warehouse,
        connect_seconds=state.pool.settings.connect_seconds,
        lock_timeout=_LOCK_SECONDS,
        load_lock_timeout=_LOCK_SECONDS,
    )
    before = await schema_version(settings)
    now = await upgrade_from(before, settings)
    return SchemaReport(revision=now, previous_revision=before, changed=before != now, tables=list(TABLES))
