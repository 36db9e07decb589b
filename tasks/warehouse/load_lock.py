"""The lock that keeps loads, withdrawals and index builds of one warehouse apart.

It is a table lock, which needs a privilege on the table: with an advisory lock, any role that can connect could stop
all loads. Readers and pg_dump do not wait for it. The advisory lock of releases up to 0.1 is respected while a role
that can load holds it, and is taken too, so that runs of those releases wait as well.

The statements that take it raise errors of their own (``_HELD``), with the holder as JSON in their detail.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import asyncpg

from tasks import progress
from tasks.errors import WarehouseBusy
from tasks.outside_text import displayable
from tasks.postgres.copy import answer_script, answers
from tasks.postgres.queries import compact_sql
from tasks.postgres.settings import ConnectionSettings

T = TypeVar("T")
# SQLSTATEs of take_load_lock.sql and ensure_no_older_release.sql.
_OLDER_RELEASE = "RT001"
_HELD = {
    "RT005": "another load holds the load lock",
    _OLDER_RELEASE: "a load of an older release holds its lock",
}
# A wait shorter than this is not reported.
_QUIET_SECONDS = 2.0
_POLL_SECONDS = 0.5


def lock_script(settings: ConnectionSettings, wait_seconds: float) -> str:
    """Return statements that take the load lock until the end of the open transaction.

    Args:
        settings: Limits of the statements that follow.
        wait_seconds: Longest wait for the lock.
    """
    return ";".join(
        (
            f"set local lock_timeout={max(1, round(wait_seconds * 1000))};set local statement_timeout=0",
            compact_sql("take_load_lock"),
            compact_sql("ensure_no_older_release"),
            f"set local lock_timeout={int(settings.lock_timeout * 1000)}",
            f"set local statement_timeout={int(settings.statement_timeout * 1000)}",
        )
    )


async def when_free(settings: ConnectionSettings, attempt: Callable[[float], Awaitable[T]]) -> T:
    """Call ``attempt`` until it gets the load lock. A wait of more than two seconds is reported with the holder.

    Args:
        settings: The warehouse.
        attempt: Runs ``lock_script`` with the wait that it is given, in seconds; leaves no trace if that fails.

    Raises:
        WarehouseBusy: another session held the lock for longer than ``load_lock_timeout``.
    """
    started = time.monotonic()
    deadline = started + settings.load_lock_timeout
    wait_seconds, is_reported = min(_QUIET_SECONDS, settings.load_lock_timeout), False
    while True:
        try:
            return await attempt(wait_seconds)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in _HELD:
                raise
            holder, sqlstate = _describe(error), error.sqlstate
        now = time.monotonic()
        if now >= deadline - 0.001:
            raise _busy(settings, holder)
        if not is_reported and now - started >= _QUIET_SECONDS - 0.1:
            progress.report("load.waiting", f"{_HELD[sqlstate]}: {holder}")
            is_reported = True
        if sqlstate == _OLDER_RELEASE:  # its lock is tried, not waited for
            await asyncio.sleep(_POLL_SECONDS)
        wait_seconds = max(0.001, deadline - time.monotonic())


@asynccontextmanager
async def locked_transaction(
    connection: asyncpg.Connection, settings: ConnectionSettings, question: str = ""
) -> AsyncIterator[Any]:
    """Open a transaction under the load lock for the block, and commit it, unless the block did.

    After an error the transaction is still open: the connection must be dropped, as ``connected`` does.

    Args:
        connection: Connection without an open transaction.
        settings: Limits of the wait and of the statements.
        question: A query of ours with one JSON value, asked in the same turn, once the lock is taken.

    Yields:
        The answer, None without a question.

    Raises:
        WarehouseBusy: another session held the lock for longer than ``load_lock_timeout``.
    """

    async def attempt(wait_seconds: float) -> None:
        script = f"begin;{lock_script(settings, wait_seconds)};{answer_script(question) if question else ''}"
        try:
            await connection.execute(script, timeout=wait_seconds + 60)
        except asyncpg.PostgresError:
            if not connection.is_closed():
                await connection.execute("rollback")
            raise

    with answers(connection) as collected:
        await when_free(settings, attempt)
    yield collected[0] if collected else None
    if connection.is_in_transaction():
        await connection.execute("commit")


def _describe(error: asyncpg.PostgresError) -> str:
    holder = json.loads(error.detail or "null")
    if not holder:
        return "its holder just ended"
    application = displayable(holder["application"] or "unknown application")
    since = (
        f", since {datetime.fromisoformat(holder['since']):%Y-%m-%d %H:%M:%S} UTC" if holder["since"] else ""
    )
    return f"process {holder['pid']} ({application}, role {displayable(holder['role'] or '')}{since})"


def _busy(settings: ConnectionSettings, holder: str) -> WarehouseBusy:
    return WarehouseBusy(
        f"another load held the load lock for {settings.load_lock_timeout:g} s: {holder}.",
        "Wait for it and run again, end it (select pg_terminate_backend(PID)), or raise "
        "RETAIL_LOAD_LOCK_TIMEOUT_MINUTES.",
        warehouse=settings.display,
    )
