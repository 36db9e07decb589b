"""Whether each connection keeps its own session; behind a transaction-mode pooler it does not."""

from __future__ import annotations

from dataclasses import replace

import asyncpg

from tasks.doctor.finding import Finding, ok, problem, skipped
from tasks.errors import RetailError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.supabase import pool_size_and_overflow

_CONNECT_SECONDS = 3.0
_FIX = (
    "Loads and backups need the direct connection, or a pooler in session mode (at Supabase: the same address with "
    "port 5432)."
)


async def examine_pooling(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Open a second connection: two open connections have two sessions, unless a pooler shares one."""
    if sum(pool_size_and_overflow(settings)) < 2:
        return [skipped("session", "needs two connections, and the settings allow one")]
    try:
        first_pid = await connection.fetchval("select pg_backend_pid()")
        async with connected(replace(settings, connect_seconds=_CONNECT_SECONDS)) as second:
            second_pid = await second.fetchval("select pg_backend_pid()")
            first_pid_again = await connection.fetchval("select pg_backend_pid()")
    except (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError):
        return [_shared()]
    except RetailError as error:
        if error.attributes.get("sqlstate") in {"26000", "42P05"}:
            return [_shared()]
        return [skipped("session", f"needs a second connection, which failed: {error.message}")]
    if second_pid == first_pid or first_pid_again != first_pid:
        return [_shared()]
    return [ok("session", "each connection keeps its own session")]


def _shared() -> Finding:
    what = (
        "a transaction-mode pooler shares one session between connections, so settings and locks do not last."
    )
    return problem("session", what, _FIX)
