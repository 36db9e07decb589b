"""The primary key of fact_sale: its unique index becomes the key, in a moment without readers.

A statement that waits for this lock blocks new readers, so each attempt is shorter than a reader notices, and the
attempts have a limit. A running backup holds a lock for as long as it takes; it is asked for first, by a lock that no
reader waits for. Without the key nothing is lost: the unique index keeps duplicates out.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import asyncpg

from tasks import progress
from tasks.errors import WarehouseBusy
from tasks.postgres.copy import answer_script, answers
from tasks.postgres.queries import compact_sql
from tasks.postgres.settings import ConnectionSettings
from tasks.warehouse.load_lock import lock_script, when_free

PRIMARY_KEY = "fact_sale_pkey"
MISSING_KEY = "the primary key of fact_sale is missing; the next run adds it"
_ATTEMPT_MILLISECONDS = 80
_PAUSE_SECONDS = 1.0
_HAS_KEY = (
    "select to_json(exists (select from pg_catalog.pg_constraint "
    "where conrelid = 'retail_dwh.fact_sale'::regclass and contype = 'p'))"
)


def attempt_script(lock: str = "") -> str:
    """Return a transaction that adds the key unless something is in the way; it answers whether there is one now.

    Args:
        lock: Statement that takes the load lock first; without it, the lock is taken if it is free.
    """
    add = compact_sql("add_primary_key").replace("{milliseconds}", str(_ATTEMPT_MILLISECONDS))
    return ";\n".join(("begin", *((lock,) if lock else ()), add, "commit", answer_script(_HAS_KEY)))


async def add_primary_key(connection: asyncpg.Connection, settings: ConnectionSettings) -> bool:
    """Turn the unique index into the primary key; return False if readers left no moment within ``lock_timeout``."""
    deadline = time.monotonic() + settings.lock_timeout
    while not await _attempt(connection, replace(settings, load_lock_timeout=_remaining(deadline))):
        if time.monotonic() + _PAUSE_SECONDS > deadline:
            return False
        progress.report("finish.waiting", "the primary key waits for readers of fact_sale, or for a backup")
        await asyncio.sleep(_PAUSE_SECONDS)
    return True


async def _attempt(connection: asyncpg.Connection, settings: ConnectionSettings) -> bool:
    async def attempt(wait_seconds: float) -> bool:
        script = attempt_script(lock_script(settings, wait_seconds))
        try:
            with answers(connection) as collected:
                await connection.execute(script, timeout=wait_seconds + settings.statement_timeout + 60)
        except asyncpg.PostgresError:
            if not connection.is_closed():
                await connection.execute("rollback")
            raise
        return bool(collected[0])

    try:
        return await when_free(settings, attempt)
    except WarehouseBusy:  # a load is in the way as a reader is
        return False


def _remaining(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())
