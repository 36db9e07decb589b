"""The primary key of fact_sale: its unique index becomes the key, in a moment without readers.

A statement that waits for this lock blocks new readers, so each attempt is shorter than a reader notices, and the
attempts have a limit. Without the key nothing is lost: the unique index keeps duplicates out.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import asyncpg

from tasks import progress
from tasks.errors import WarehouseBusy
from tasks.postgres.settings import ConnectionSettings
from tasks.warehouse.load_lock import lock_loads

PRIMARY_KEY = "fact_sale_pkey"
MISSING_KEY = "the primary key of fact_sale is missing; the next run adds it"
_FACT = "retail_dwh.fact_sale"
_ATTEMPT_MILLISECONDS = 80
_PAUSE_SECONDS = 1.0
_HAS_KEY = (
    "select exists (select from pg_catalog.pg_constraint "
    f"where conrelid = '{_FACT}'::regclass and contype = 'p')"
)


async def add_primary_key(connection: asyncpg.Connection, settings: ConnectionSettings) -> bool:
    """Turn the unique index into the primary key; return False if readers left no moment within ``lock_timeout``."""
    deadline = time.monotonic() + settings.lock_timeout
    while True:
        try:
            await _attempt(connection, replace(settings, load_lock_timeout=_remaining(deadline)))
        except (asyncpg.LockNotAvailableError, WarehouseBusy):
            if time.monotonic() + _PAUSE_SECONDS > deadline:
                return False
            progress.report("finish.waiting", "the primary key waits for readers of fact_sale")
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return True


async def _attempt(connection: asyncpg.Connection, settings: ConnectionSettings) -> None:
    async with connection.transaction():
        await lock_loads(connection, settings)
        if await connection.fetchval(_HAS_KEY):
            return
        await connection.execute(f"set local lock_timeout = '{_ATTEMPT_MILLISECONDS}ms'")
        await connection.execute(
            f"alter table {_FACT} add constraint {PRIMARY_KEY} primary key using index {PRIMARY_KEY}"
        )


def _remaining(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())
