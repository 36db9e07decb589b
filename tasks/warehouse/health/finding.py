"""A finding on the health of the warehouse, and the thresholds that it is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tasks.postgres.queries import compact_sql

if TYPE_CHECKING:  # the settings import this module, and polars comes with it
    from tasks.postgres.questions import Answer


class HealthStatus(StrEnum):
    """``critical`` needs somebody now, ``warning`` soon."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True)
class HealthFinding:
    """The result of a check. Never holds a password.

    Attributes:
        name: Name of the check, such as ``connection_time_p95``.
        status: Its result.
        value: What was measured: a number, a text such as a version, or None if it is not known.
        unit: Unit of a number: ``ms``, ``s``, ``h``, ``days``, ``%``, ``MB``, ``sessions``; else empty.
        what: What was found, in words.
        next_step: What to do about it; empty if nothing.
    """

    name: str
    status: HealthStatus
    value: float | str | None
    unit: str
    what: str
    next_step: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return asdict(self) | {"status": self.status.value}


@dataclass(frozen=True)
class Limits:
    """From which value on a finding is a warning, and from which it is critical."""

    warning: float
    critical: float

    def judge(self, value: float) -> HealthStatus:
        """The status of a value; where ``critical`` is the smaller limit, small values are the bad ones."""
        sign = 1 if self.critical >= self.warning else -1
        if sign * value >= sign * self.critical:
            return HealthStatus.CRITICAL
        return HealthStatus.WARNING if sign * value >= sign * self.warning else HealthStatus.OK


@dataclass(frozen=True)
class HealthThresholds:
    """The thresholds, and what health has to know besides.

    Attributes:
        connection_ms: Milliseconds to open a connection.
        use_percent: Per cent in use, of the connections, the pool and the disk.
        transaction_minutes: Minutes that the longest transaction is open.
        lock_seconds: Seconds that a session waits for a lock.
        wal_mb: MB of WAL that the server keeps for replication slots.
        run_hours: Hours since the last run, and since the last good one.
        backup_hours: Hours since the last full backup.
        proof_days: Days since the last proof that passed.
        disk_days: Days until the disk is full.
        disk_bytes: Size of the disk; None if it is not known.
        is_backup_scheduled: Whether a backup is expected.
    """

    connection_ms: Limits = Limits(1000, 5000)
    use_percent: Limits = Limits(80, 95)
    transaction_minutes: Limits = Limits(30, 120)
    lock_seconds: Limits = Limits(60, 600)
    wal_mb: Limits = Limits(1024, 8192)
    run_hours: Limits = Limits(26, 50)
    backup_hours: Limits = Limits(48, 168)
    proof_days: Limits = Limits(14, 60)
    disk_days: Limits = Limits(30, 7)
    disk_bytes: int | None = None
    is_backup_scheduled: bool = False


DEFAULT_THRESHOLDS = HealthThresholds()


@dataclass(frozen=True)
class HealthCheck:
    """A check that only asks the database: its query, without parameters, and the findings by the answer."""

    query: str
    judge: Callable[[Answer, HealthThresholds], list[HealthFinding]]


def worst(*statuses: HealthStatus) -> HealthStatus:
    """The worst of the statuses."""
    return max(statuses, key=list(HealthStatus).index)


def health_sql(name: str) -> str:
    """Return the statement in ``sql/NAME.sql`` of health, without comments."""
    return compact_sql(name, __package__)


def describe_age(age: timedelta) -> str:
    """An age in days, hours or minutes."""
    if age.days > 0:
        return f"{age.days} days" if age.days > 1 else "1 day"
    minutes = max(0, round(age.total_seconds() / 60))
    return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"
