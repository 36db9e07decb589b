"""The health of the warehouse: every check, with one connection of its own besides the tries of new ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg

from tasks import progress
from tasks.errors import RetailError
from tasks.outside_text import displayable
from tasks.postgres.connect import ConnectionSettings, connected
from tasks.postgres.errors import map_driver_error
from tasks.postgres.pool import PoolUse, QueryPool, use_of_process
from tasks.postgres.queries import compact_sql
from tasks.postgres.questions import Answer, ask, rows_query
from tasks.warehouse.health.books import BACKUPS, RUNS
from tasks.warehouse.health.connection_time import (
    TRIES,
    ConnectionTimes,
    examine_connection_times,
    measure_connections,
)
from tasks.warehouse.health.connections import CONNECTIONS, examine_pool
from tasks.warehouse.health.disk import examine_disk
from tasks.warehouse.health.finding import (
    DEFAULT_THRESHOLDS,
    HealthCheck,
    HealthFinding,
    HealthStatus,
    HealthThresholds,
)
from tasks.warehouse.health.server import REPLICATION, VERSION, WRITES, examine_tls
from tasks.warehouse.health.sessions import LOCKS, TRANSACTIONS
from tasks.warehouse.statistics import growth_of

_STATEMENT_SECONDS = 30.0
_DISK = "size"
CHECKS: Mapping[str, HealthCheck] = {
    "server_version": VERSION,
    "writes": WRITES,
    "replication": REPLICATION,
    "long_transactions": TRANSACTIONS,
    "locks": LOCKS,
    "connections": CONNECTIONS,
    "last_run": RUNS,
    "last_backup": BACKUPS,
}


async def examine_health(
    database: ConnectionSettings | QueryPool,
    thresholds: HealthThresholds = DEFAULT_THRESHOLDS,
    *,
    tries: int = TRIES,
) -> tuple[HealthFinding, ...]:
    """Run every check: new connections first, then all questions in one turn of one more connection.

    Args:
        database: The warehouse, or a pool whose connection asks the questions.
        thresholds: What is a warning, and what is critical.
        tries: Number of new connections.

    Raises:
        RetailError: the database cannot be reached, so that nothing can be asked.
    """
    settings = database.settings if isinstance(database, QueryPool) else database
    times = await measure_connections(settings, tries)
    async with _connection(database) as connection:
        use = database.use() if isinstance(database, QueryPool) else use_of_process(settings)
        answers = await ask_health(connection, settings)
        return health_findings(times, connection, use, answers, thresholds)


def health_queries() -> dict[str, str]:
    """Return the queries of all checks by name, for ``ask``; ``health_findings`` reads their answers."""
    queries = {name: rows_query(check.query) for name, check in CHECKS.items()}
    return queries | {_DISK: compact_sql("select_database_size")}


async def ask_health(connection: asyncpg.Connection, settings: ConnectionSettings) -> dict[str, Any]:
    """Ask everything in one turn; if that fails, one by one, so that a check that fails costs its finding only.

    Returns:
        The answers by name; for a check that failed, the error.
    """
    queries = health_queries()
    try:
        return await ask(connection, queries)
    except asyncpg.PostgresError:
        answers: dict[str, Any] = {}
        for name, query in queries.items():
            try:
                answers |= await ask(connection, {name: query})
            except asyncpg.PostgresError as error:
                answers[name] = map_driver_error(error, settings.display)
        return answers


def health_findings(
    times: ConnectionTimes | None,
    connection: asyncpg.Connection,
    use: PoolUse,
    answers: Mapping[str, Any],
    thresholds: HealthThresholds,
) -> tuple[HealthFinding, ...]:
    """Judge the answers to ``health_queries``.

    Args:
        times: Times of new connections; None if they were not measured.
        connection: The connection that asked.
        use: Use of its pool.
        answers: Answers by name, or errors.
        thresholds: What is a warning, and what is critical.
    """
    findings = [
        *(examine_connection_times(times, thresholds) if times else ()),
        examine_pool(use, thresholds),
        examine_tls(connection),
    ]
    for name, check in CHECKS.items():
        answer = answers[name]
        findings += (
            [_unknown(name, answer)]
            if isinstance(answer, RetailError)
            else check.judge(Answer(answer), thresholds)
        )
    size = answers[_DISK]
    if isinstance(size, RetailError):
        return (*findings, _unknown("disk", size))
    growth = growth_of(size, thresholds.disk_bytes)
    return (*findings, examine_disk(size["database_bytes"], growth, thresholds))


def unreachable(error: RetailError) -> HealthFinding:
    """The finding on a database that cannot be reached, so that nothing can be asked."""
    return HealthFinding("connection", HealthStatus.CRITICAL, None, "", error.description, error.next_step)


def critical(findings: Sequence[HealthFinding]) -> tuple[HealthFinding, ...]:
    """The findings that need somebody now."""
    return tuple(finding for finding in findings if finding.status is HealthStatus.CRITICAL)


def _unknown(name: str, error: RetailError) -> HealthFinding:
    what = f"could not be checked: {displayable(error.reason)}"
    return HealthFinding(name, HealthStatus.WARNING, None, "", what, error.next_step)


@asynccontextmanager
async def _connection(database: ConnectionSettings | QueryPool) -> AsyncIterator[asyncpg.Connection]:
    if isinstance(database, QueryPool):
        async with database.connection() as connection:
            yield connection
        return
    progress.report("health.ask", database.display)
    limited = min(_STATEMENT_SECONDS, database.statement_timeout or _STATEMENT_SECONDS)
    async with connected(replace(database, statement_timeout=limited)) as connection:
        yield connection
