"""The connections of the server and of this process, compared with their limits."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.postgres.pool import PoolUse
from tasks.postgres.questions import Answer
from tasks.warehouse.health.finding import (
    HealthCheck,
    HealthFinding,
    HealthStatus,
    HealthThresholds,
    health_sql,
)

QUERY = health_sql("select_connections")
FIX = "See who holds them in pg_stat_activity, or lower RETAIL_POOL_SIZE and RETAIL_POOL_OVERFLOW (the block's pool sizes)."


@dataclass(frozen=True)
class ConnectionUse:
    """The tightest limit on connections.

    Attributes:
        limited_by: Whose limit it is.
        used: Connections that count against it, our own included.
        limit: The limit, without connections that are reserved.
    """

    limited_by: str
    used: int
    limit: int

    @property
    def free(self) -> int:
        """Connections that are free, our own included."""
        return self.limit - self.used + 1


def connection_use(answer: Answer) -> ConnectionUse:
    """Return the limit that leaves the fewest connections, by the answer to ``QUERY``."""
    row = answer.row
    uses = (
        ConnectionUse("the server", row["used_of_server"], row["of_server"] - row["reserved"]),
        ConnectionUse(f"the database {row['database']}", row["used_of_database"], row["of_database"]),
        ConnectionUse(f"the role {row['role']}", row["used_of_role"], row["of_role"]),
    )
    return min(uses, key=lambda use: use.free)


def examine_connections(answer: Answer, thresholds: HealthThresholds) -> list[HealthFinding]:
    """Judge the share of the connections that is in use."""
    use = connection_use(answer)
    percent = 100 * use.used / max(1, use.limit)
    status = thresholds.use_percent.judge(percent)
    what = f"{use.used} of {use.limit} in use, limited by {use.limited_by}"
    fix = "" if status is HealthStatus.OK else FIX
    return [HealthFinding("connections", status, round(percent, 1), "%", what, fix)]


def examine_pool(use: PoolUse, thresholds: HealthThresholds) -> HealthFinding:
    """Judge the share of this process's own connections that is in use."""
    percent = 100 * use.in_use / max(1, use.limit)
    status = thresholds.use_percent.judge(percent) if use.limit > 1 else HealthStatus.OK
    what = f"{use.in_use} of {use.limit} connections of this process in use"
    fix = "Run fewer queries in parallel, or raise RETAIL_POOL_SIZE and RETAIL_POOL_OVERFLOW."
    return HealthFinding(
        "pool", status, round(percent, 1), "%", what, "" if status is HealthStatus.OK else fix
    )


CONNECTIONS = HealthCheck(QUERY, examine_connections)
