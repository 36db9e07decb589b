"""Sessions that stand in the way of others: long transactions, and locks that somebody waits for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.outside_text import displayable
from tasks.postgres.questions import Answer
from tasks.warehouse.health.finding import (
    HealthCheck,
    HealthFinding,
    HealthStatus,
    HealthThresholds,
    health_sql,
)

_SHOWN = 3


def examine_transactions(answer: Answer, thresholds: HealthThresholds) -> list[HealthFinding]:
    """Judge the age of the oldest transaction in this database; while it is open, VACUUM removes no row."""
    name = "long_transactions"
    if not answer.rows:
        return [HealthFinding(name, HealthStatus.OK, 0.0, "s", "no other transaction is open")]
    oldest = answer.rows[0]
    seconds = float(oldest["seconds"])
    status = thresholds.transaction_minutes.judge(seconds / 60)
    what = f"the oldest transaction is open for {seconds:,.0f} s: {_session(oldest)}, {oldest['state']}"
    fix = ""
    if status is not HealthStatus.OK:
        what, fix = (
            f"{what}.",
            f"If nobody needs it, end it: select pg_terminate_backend({oldest['pid']});",
        )
    return [HealthFinding(name, status, round(seconds, 1), "s", what, fix)]


def examine_locks(answer: Answer, thresholds: HealthThresholds) -> list[HealthFinding]:
    """Judge the longest wait for a lock, and tell who waits for whom."""
    name = "locks"
    if not answer.rows:
        return [HealthFinding(name, HealthStatus.OK, 0.0, "s", "no session waits for a lock")]
    seconds = max(float(row["seconds"] or 0) for row in answer.rows)
    status = thresholds.lock_seconds.judge(seconds)
    waits = "; ".join(
        f"{_session(row)} waits for {', '.join(map(_session, row['blockers'])) or 'a session that has ended'}"
        + (f" ({displayable(row['relation'])})" if row["relation"] else "")
        for row in answer.rows[:_SHOWN]
    )
    more = len(answer.rows) - _SHOWN
    what = f"{len(answer.rows)} waiting, the longest for {seconds:,.0f} s: {waits}" + (
        f" and {more} more" if more > 0 else ""
    )
    fix = ""
    if status is not HealthStatus.OK:
        what, fix = (
            f"{what}.",
            "Wait for the session that others wait for, or end it: select pg_terminate_backend(PID);",
        )
    return [HealthFinding(name, status, round(seconds, 1), "s", what, fix)]


def _session(row: Mapping[str, Any]) -> str:
    application = displayable(row["application"] or "") or "unknown application"
    return f"process {row['pid']} ({application}, role {displayable(row['role'] or '')})"


TRANSACTIONS = HealthCheck(health_sql("select_transactions"), examine_transactions)
LOCKS = HealthCheck(health_sql("select_lock_waits"), examine_locks)
