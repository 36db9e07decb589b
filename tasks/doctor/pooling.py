"""Whether a connection keeps its session: behind a transaction-mode pooler on another port it does not."""

from __future__ import annotations

from dataclasses import replace

import asyncpg

from tasks.doctor.finding import Finding, ok, problem, skipped
from tasks.errors import RetailError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.supabase import pool_limits

_SECOND_CONNECT = 3.0
_FIX = (
    "Loads and backups need the direct connection, or a pooler in session mode (at Supabase: the same address with "
    "port 5432)."
)


async def examine_pooling(connection: asyncpg.Connection, settings: ConnectionSettings) -> list[Finding]:
    """Two connections that are open at once have two sessions, unless a pooler lends one to both."""
    if sum(pool_limits(settings)) < 2:
        return [skipped("session", "takes two connections, and the settings allow one")]
    try:
        ours = await connection.fetchval("select pg_backend_pid()")
        async with connected(replace(settings, connect_seconds=_SECOND_CONNECT)) as second:
            theirs = await second.fetchval("select pg_backend_pid()")
            again = await connection.fetchval("select pg_backend_pid()")
    except (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError):
        return [_lent()]
    except RetailError as error:
        if error.attributes.get("sqlstate") in {"26000", "42P05"}:
            return [_lent()]
        return [skipped("session", f"takes a second connection, which failed: {error.message}")]
    if theirs == ours or again != ours:
        return [_lent()]
    return [ok("session", "each connection keeps a session of its own")]


def _lent() -> Finding:
    what = "a transaction-mode pooler lends one session to several connections, where settings and locks do not last."
    return problem("session", what, _FIX)
