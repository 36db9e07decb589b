"""Free connections of the server against what a process may take."""

from __future__ import annotations

import asyncpg

from tasks.doctor.finding import Finding, ok, problem, warning
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.queries import sql
from tasks.postgres.supabase import pool_limits

# A load holds one while the report asks on another.
NEEDED = 2


async def examine_connections(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """How many are free for this role, the one that asks counted among them."""
    row = await connection.fetchrow(sql("select_connections", "tasks.doctor"))
    limits = {
        "the server": row["of_server"] - row["reserved"] - row["used_of_server"],
        f"the database {settings.database}": row["of_database"] - row["used_of_database"],
        f"the role {row['role']}": row["of_role"] - row["used_of_role"],
    }
    whose, free = min(limits.items(), key=lambda one: one[1])
    free += 1
    kept, more = pool_limits(settings)
    said = f"{free} free at {whose} (max_connections {row['of_server']}, {row['reserved']} reserved), one process may take {kept + more}"
    fix = "See pg_stat_activity for who holds them, or set RETAIL_POOL_SIZE and RETAIL_POOL_OVERFLOW (the block's pool sizes) lower."
    if free < NEEDED:
        return [problem("connections", f"{said}.", f"A run needs {NEEDED}. {fix}")]
    if free < kept + more:
        return [warning("connections", f"{said}.", fix)]
    return [ok("connections", said)]
