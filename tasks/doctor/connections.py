"""Free connections of the server, compared with the pool size of a process."""

from __future__ import annotations

import asyncpg

from tasks.doctor.finding import Finding, ok, problem, warning
from tasks.postgres.connect import ConnectionSettings
from tasks.postgres.queries import sql
from tasks.postgres.supabase import pool_size_and_overflow

# A load holds one connection while the report queries on another.
NEEDED = 2


async def examine_connections(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Compare the connections free for this role, our own included, with the pool limits."""
    row = await connection.fetchrow(sql("select_connections", "tasks.doctor"))
    limits = {
        "the server": row["of_server"] - row["reserved"] - row["used_of_server"],
        f"the database {settings.database}": row["of_database"] - row["used_of_database"],
        f"the role {row['role']}": row["of_role"] - row["used_of_role"],
    }
    limited_by, free = min(limits.items(), key=lambda item: item[1])
    free += 1
    size, overflow = pool_size_and_overflow(settings)
    reserved = f"max_connections {row['of_server']}, {row['reserved']} reserved"
    what = f"{free} free, limited by {limited_by} ({reserved}); a process may use {size + overflow}"
    fix = "See who holds them in pg_stat_activity, or lower RETAIL_POOL_SIZE and RETAIL_POOL_OVERFLOW (the block's pool sizes)."
    if free < NEEDED:
        return [problem("connections", f"{what}.", f"A run needs {NEEDED}. {fix}")]
    if free < size + overflow:
        return [warning("connections", f"{what}.", fix)]
    return [ok("connections", what)]
