"""Whether each connection keeps its own session; behind a transaction-mode pooler it does not."""

from __future__ import annotations

from dataclasses import replace

import asyncpg

from tasks.doctor.finding import Finding, ok, problem, skipped
from tasks.errors import RetailError
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.questions import Answer, ask_rows
from tasks.postgres.supabase import pool_size_and_overflow

SESSION = "select pg_backend_pid() as pid"
_CONNECT_SECONDS = 3.0
_FIX = (
    "Loads and backups need the direct connection, or a pooler in session mode (at Supabase: the same address with "
    "port 5432)."
)


async def examine_pooling(
    connection: asyncpg.Connection, settings: ConnectionSettings, first: Answer | None = None
) -> list[Finding]:
    """Open a second connection: two open connections have two sessions, unless a pooler shares one.

    Args:
        connection: The first connection.
        settings: Its settings.
        first: Its answer to ``SESSION`` from before; None to ask for it here.
    """
    if sum(pool_size_and_overflow(settings)) < 2:
        return [skipped("session", "needs two connections, and the settings allow one")]
    first_pid = first.row["pid"] if first else await _pid(connection)
    try:
        async with connected(replace(settings, connect_seconds=_CONNECT_SECONDS)) as second:
            # One after the other: a pooler with two sessions would answer both at once from different ones.
            is_shared = await _pid(second) == first_pid or await _pid(connection) != first_pid
    except RetailError as error:
        return [skipped("session", f"needs a second connection, which failed: {error.message}")]
    return [_shared()] if is_shared else [ok("session", "each connection keeps its own session")]


async def _pid(connection: asyncpg.Connection) -> object:
    return (await ask_rows(connection, {"session": SESSION}))["session"].row["pid"]


def _shared() -> Finding:
    what = (
        "a transaction-mode pooler shares one session between connections, so settings and locks do not last."
    )
    return problem("session", what, _FIX)
