"""The lock that keeps loads, withdrawals and index builds of one warehouse apart.

It is a table lock, which needs a privilege on the table: with an advisory lock, any role that can connect could stop
all loads. Readers and pg_dump do not wait for it. The advisory lock of releases up to 0.1 is respected while a role
that can load holds it, and is taken too, so that runs of those releases wait as well.
"""

from __future__ import annotations

import asyncio
import time

import asyncpg

from tasks import progress
from tasks.errors import WarehouseBusy
from tasks.outside_text import displayable
from tasks.postgres.queries import sql
from tasks.postgres.settings import ConnectionSettings

_ADVISORY_LOCK = "prefect-retail load"
# A wait shorter than this is not reported.
_QUIET_SECONDS = 2.0
_POLL_SECONDS = 0.5


async def lock_loads(connection: asyncpg.Connection, settings: ConnectionSettings) -> None:
    """Take the load lock of this database until the open transaction ends.

    A wait of more than two seconds is reported with the holder of the lock.

    Raises:
        WarehouseBusy: another session held the lock for longer than ``load_lock_timeout``.
    """
    deadline = time.monotonic() + settings.load_lock_timeout
    if not await _lock_table(connection, min(_QUIET_SECONDS, settings.load_lock_timeout)):
        holder = await _describe_holder(connection, "select_load_lock_holders")
        progress.report("load.waiting", f"another load holds the load lock: {holder}")
        if not await _lock_table(connection, deadline - time.monotonic()):
            raise _busy(settings, await _describe_holder(connection, "select_load_lock_holders"))
    await _wait_for_older_release(connection, settings, deadline)
    await connection.execute(
        f"set local lock_timeout = {int(settings.lock_timeout * 1000)}; "
        f"set local statement_timeout = {int(settings.statement_timeout * 1000)}"
    )


async def _lock_table(connection: asyncpg.Connection, seconds: float) -> bool:
    """Take the lock within ``seconds``; return False if another session still holds it."""
    milliseconds = max(1, round(seconds * 1000))
    try:
        async with connection.transaction():  # a savepoint: a timeout leaves the outer transaction usable
            await connection.execute(
                f"set local lock_timeout = {milliseconds}; set local statement_timeout = 0; "
                "lock table retail_ops.load_lock in share row exclusive mode",
                timeout=seconds + 60,
            )
    except asyncpg.LockNotAvailableError:
        return False
    return True


async def _wait_for_older_release(
    connection: asyncpg.Connection, settings: ConnectionSettings, deadline: float
) -> None:
    started, reported = time.monotonic(), False
    while not await connection.fetchval("select pg_try_advisory_xact_lock(hashtext($1))", _ADVISORY_LOCK):
        holder = await _describe_holder(connection, "select_older_release_lock_holders", _ADVISORY_LOCK)
        if not holder:
            # It ended just now and the lock is free to take, or it cannot load and is ignored.
            await connection.fetchval("select pg_try_advisory_xact_lock(hashtext($1))", _ADVISORY_LOCK)
            return
        if time.monotonic() > deadline:
            raise _busy(settings, holder)
        if not reported and time.monotonic() - started > _QUIET_SECONDS:
            progress.report("load.waiting", f"a load of an older release holds its lock: {holder}")
            reported = True
        await asyncio.sleep(_POLL_SECONDS)


async def _describe_holder(connection: asyncpg.Connection, statement: str, *arguments: object) -> str:
    row = await connection.fetchrow(sql(statement), *arguments)
    if row is None:
        return ""
    application = displayable(row["application"] or "unknown application")
    since = f", since {row['since']:%Y-%m-%d %H:%M:%S} UTC" if row["since"] else ""
    return f"process {row['pid']} ({application}, role {displayable(row['role'] or '')}{since})"


def _busy(settings: ConnectionSettings, holder: str) -> WarehouseBusy:
    return WarehouseBusy(
        f"another load held the load lock for {settings.load_lock_timeout:g} s: {holder or 'its holder just ended'}.",
        "Wait for it and run again, end it (select pg_terminate_backend(PID)), or raise "
        "RETAIL_LOAD_LOCK_TIMEOUT_MINUTES.",
        warehouse=settings.display,
    )
